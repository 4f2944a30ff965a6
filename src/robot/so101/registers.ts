// Registers of the STS3215: addresses, sizes and signs, by LeRobot's names.

export interface Register {
  readonly name: string;
  readonly address: number;
  readonly bytes: 1 | 2;
  /** The bit that holds the sign. Absent for an unsigned register. */
  readonly signBit?: number;
}

const table = {
  Firmware_Major_Version: [0, 1],
  Firmware_Minor_Version: [1, 1],
  Model_Number: [3, 2],
  ID: [5, 1],
  Baud_Rate: [6, 1],
  Return_Delay_Time: [7, 1],
  Response_Status_Level: [8, 1],
  Min_Position_Limit: [9, 2],
  Max_Position_Limit: [11, 2],
  Max_Temperature_Limit: [13, 1],
  Max_Voltage_Limit: [14, 1],
  Min_Voltage_Limit: [15, 1],
  Max_Torque_Limit: [16, 2],
  Phase: [18, 1],
  P_Coefficient: [21, 1],
  D_Coefficient: [22, 1],
  I_Coefficient: [23, 1],
  Protection_Current: [28, 2],
  Homing_Offset: [31, 2, 11],
  Operating_Mode: [33, 1],
  Overload_Torque: [36, 1],
  Torque_Enable: [40, 1],
  Acceleration: [41, 1],
  Goal_Position: [42, 2, 15],
  Goal_Velocity: [46, 2, 15],
  Torque_Limit: [48, 2],
  Lock: [55, 1],
  Present_Position: [56, 2, 15],
  Present_Velocity: [58, 2, 15],
  Present_Load: [60, 2, 10],
  Present_Voltage: [62, 1],
  Present_Temperature: [63, 1],
  Status: [65, 1],
  Moving: [66, 1],
  Present_Current: [69, 2],
  Maximum_Acceleration: [85, 1],
} as const satisfies Readonly<Record<string, readonly [number, 1 | 2, number?]>>;

export type RegisterName = keyof typeof table;

/** The registers that pistar uses. Those below address 40 are EEPROM: they keep their values without power, and wear out. */
export const registers: Readonly<Record<RegisterName, Register>> = Object.fromEntries(
  Object.entries(table).map(([name, [address, bytes, signBit]]: [string, readonly [number, 1 | 2, number?]]) => [
    name,
    { name, address, bytes, ...(signBit !== undefined && { signBit }) },
  ]),
) as Record<RegisterName, Register>;

/** The first address of SRAM. */
export const sram = 40;

/** Model number of the STS3215. */
export const sts3215 = 777;

/** Counts of a whole turn. */
export const countsPerTurn = 4096;

/** Position to current, addresses 56 to 70: all that a control period reads of a motor. */
export const presentBlock = { address: 56, count: 15 } as const;

/**
 * A value as a register's bytes: little-endian, and sign-magnitude where the register has a sign.
 * @throws RangeError if the register cannot hold it
 */
export function toBytes({ name, bytes, signBit }: Register, value: number): Uint8Array {
  const largest = 2 ** (signBit ?? 8 * bytes) - 1;
  const least = signBit === undefined ? 0 : -largest;
  if (!(Number.isInteger(value) && value >= least && value <= largest))
    throw new RangeError(`Expected a whole number from ${least} to ${largest} for ${name}, got ${value}`);
  const word = value < 0 ? -value | (1 << signBit!) : value;
  return Uint8Array.from({ length: bytes }, (_, i) => (word >> (8 * i)) & 0xff);
}

/** The value of a register from its bytes at `offset`. */
export function fromBytes({ bytes, signBit }: Register, data: Uint8Array, offset = 0): number {
  const word = bytes === 1 ? data[offset]! : data[offset]! | (data[offset + 1]! << 8);
  if (signBit === undefined) return word;
  const magnitude = word & ((1 << signBit) - 1);
  // Bits above the sign have no meaning.
  return magnitude > 0 && (word >> signBit) & 1 ? -magnitude : magnitude;
}

const faultNames = [
  [1, "voltage"],
  [2, "angle sensor"],
  [4, "overheated"],
  [8, "over-current"],
  [32, "overload"],
] as const;

/** Names of the faults in a motor's error byte. */
export const faultsOf = (error: number): string[] =>
  faultNames.flatMap(([bit, name]) => ((error & bit) === 0 ? [] : [name]));
