// The registers of an emulated STS3215.
import { countsPerTurn, fromBytes, type RegisterName, registers, sram, sts3215, toBytes } from "../registers.ts";

/** What an encoder and a current sensor measure. */
export interface Measured {
  /** Position of the shaft in counts, any whole turn, without Homing_Offset. */
  readonly encoder: number;
  /** Counts a second. */
  readonly velocity: number;
  /** Share of the full torque, −1 to 1. */
  readonly load: number;
}

/** As it leaves the factory. */
const factory: Readonly<Partial<Record<RegisterName, number>>> = {
  Firmware_Major_Version: 3,
  Firmware_Minor_Version: 10,
  Model_Number: sts3215,
  Return_Delay_Time: 250,
  Response_Status_Level: 1,
  Max_Position_Limit: 4095,
  Max_Temperature_Limit: 70,
  Max_Voltage_Limit: 80,
  Min_Voltage_Limit: 40,
  Max_Torque_Limit: 1000,
  Phase: 0x1c,
  P_Coefficient: 32,
  D_Coefficient: 32,
  Protection_Current: 500,
  Overload_Torque: 80,
  Lock: 1,
  Present_Voltage: 74,
  Present_Temperature: 31,
};

const writable = new Set<RegisterName>([
  ...(["ID", "Return_Delay_Time", "Min_Position_Limit", "Max_Position_Limit", "Max_Torque_Limit", "Phase"] as const),
  ...(["P_Coefficient", "D_Coefficient", "I_Coefficient", "Protection_Current", "Homing_Offset"] as const),
  ...(["Operating_Mode", "Overload_Torque", "Torque_Enable", "Acceleration", "Goal_Position"] as const),
  ...(["Goal_Velocity", "Torque_Limit", "Lock", "Maximum_Acceleration", "Baud_Rate"] as const),
]);

export class EmulatedServo {
  /** Error bits that its answers carry. */
  error = 0;
  /** Whether its cable is plugged in. */
  connected = true;
  /** Registers written in EEPROM, by name: EEPROM wears. */
  readonly wear = new Map<RegisterName, number>();
  private readonly memory = new Uint8Array(128);

  constructor(id: number) {
    for (const [name, value] of Object.entries(factory)) this.set(name as RegisterName, value);
    this.set("ID", id);
    this.powerOn();
  }

  get id(): number {
    return this.get("ID");
  }

  get torque(): boolean {
    return this.get("Torque_Enable") === 1;
  }

  get(name: RegisterName): number {
    return fromBytes(registers[name], this.memory, registers[name].address);
  }

  set(name: RegisterName, value: number): void {
    this.memory.set(toBytes(registers[name], value), registers[name].address);
  }

  /** Takes the power away and gives it back: torque is off, and SRAM is as from the factory. */
  powerOn(): void {
    this.set("Torque_Enable", 0);
    this.set("Goal_Position", 0);
    this.set("Torque_Limit", this.get("Max_Torque_Limit"));
    this.set("Lock", 1);
    this.set("Acceleration", 0);
    this.error = 0;
  }

  /** The goal as a shaft position in counts, held within the servo's limits. */
  get goal(): number {
    const goal = this.get("Goal_Position");
    const within = Math.min(this.get("Max_Position_Limit"), Math.max(this.get("Min_Position_Limit"), goal));
    return within + this.get("Homing_Offset");
  }

  measure({ encoder, velocity, load }: Measured): void {
    const position = Math.round(encoder) - this.get("Homing_Offset");
    this.set("Present_Position", ((position % countsPerTurn) + countsPerTurn) % countsPerTurn);
    this.set("Present_Velocity", Math.round(clamp(velocity, 32_767)));
    this.set("Present_Load", Math.round(clamp(1000 * load, 1000)));
    this.set("Present_Current", Math.abs(Math.round(clamp(400 * load, 400))));
    this.set("Moving", Math.abs(velocity) > 20 ? 1 : 0);
    this.set("Status", this.error);
  }

  read(address: number, count: number): Uint8Array {
    return this.memory.slice(address, address + count);
  }

  /** Writes bytes. EEPROM is written only if it is unlocked; read-only registers keep their values. */
  write(address: number, bytes: Uint8Array): void {
    for (const name of Object.keys(registers) as RegisterName[]) {
      const { address: at, bytes: size } = registers[name];
      if (!writable.has(name) || at < address || at + size > address + bytes.length) continue;
      if (at < sram) {
        if (this.get("Lock") !== 0) continue;
        this.wear.set(name, (this.wear.get(name) ?? 0) + 1);
      }
      this.memory.set(bytes.subarray(at - address, at - address + size), at);
    }
  }
}

const clamp = (value: number, largest: number) => Math.max(-largest, Math.min(largest, value));
