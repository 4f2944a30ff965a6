// The public interface; each part is also reachable under its own name, such as "pistar/tensor".
export * as tensor from "./tensor/index.ts";
