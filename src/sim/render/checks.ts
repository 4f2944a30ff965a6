// Checks a renderer's input before drawing. A wrong array would silently give a wrong picture.
import { type Geoms, geomTypes } from "./scene.ts";

interface Sized {
  readonly length: number;
}

export function checkLength(name: string, array: Sized, length: number): void {
  if (array.length < length)
    throw new RangeError(
      `Expected ${name} to hold ${length} numbers, got ${array.length}` +
        (array.length === 0
          ? " (views of MuJoCo's memory detach when it grows; read them again before rendering)"
          : ""),
    );
}

export function checkGeoms({ type, size, position, rotation, rgba, segmentation, mesh }: Geoms): void {
  const count = type.length;
  checkLength("geoms.size", size, count * 3);
  checkLength("geoms.position", position, count * 3);
  checkLength("geoms.rotation", rotation, count * 9);
  checkLength("geoms.rgba", rgba, count * 4);
  checkLength("geoms.segmentation", segmentation, count);
  checkLength("geoms.mesh", mesh, count);
}

export function checkGeom(geom: number, type: number, mesh: number, meshes: number): void {
  if (type < 0 || type > geomTypes.mesh || type === 1)
    throw new RangeError(
      `Geom ${geom}: expected a plane, sphere, capsule, ellipsoid, cylinder, box or mesh, got type ${type}`,
    );
  if (type === geomTypes.mesh && !(mesh >= 0 && mesh < meshes))
    throw new RangeError(`Geom ${geom}: expected one of the renderer's ${meshes} meshes, got number ${mesh}`);
}

export function checkPicture(
  { rgb, depth, segmentation }: { rgb?: Sized; depth?: Sized; segmentation?: Sized },
  pixels: number,
): void {
  if (rgb && rgb.length !== pixels * 3) throw wrong("rgb", pixels * 3, rgb);
  if (depth && depth.length !== pixels) throw wrong("depth", pixels, depth);
  if (segmentation && segmentation.length !== pixels) throw wrong("segmentation", pixels, segmentation);
}

function wrong(name: string, length: number, array: Sized): RangeError {
  return new RangeError(`Expected \`into.${name}\` to have room for ${length} numbers, got ${array.length}`);
}
