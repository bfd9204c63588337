export type { JsonList, JsonObject, JsonValue } from '../templates/index.js';
