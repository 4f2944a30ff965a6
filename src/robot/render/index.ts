export { createRenderer, type Picture, type Renderer, type RendererOptions } from "./renderer.ts";
export {
  type Camera,
  type Geoms,
  geomTypes,
  type Lighting,
  type Mesh,
  type Rgb,
  type Scene,
} from "./scene.ts";
