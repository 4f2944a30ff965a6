// The studio: a web page to watch a policy, to take over and to record.
export { studioOptions } from "./options.ts";
export { openStudio, type Studio, type StudioOptions } from "./studio.ts";
