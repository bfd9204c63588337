export { CHANNELS, NOTIFY, READY_CHANNEL } from './announcement.js';
export { closeConnection } from './connection.closer.js';
export { Notifier } from './notifier.js';
export { PostgresListener } from './postgres.listener.js';
export type { ListenerState } from './postgres.listener.js';
export { ProcessIdentity } from './process-identity.js';
export { TaskChanges } from './task-changes.js';
export { WorkAnnouncer } from './work.announcer.js';
export type { KeptSlots, LocalTaker, StartingTask } from './work.announcer.js';
