import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';
import { Notifier } from './notifier.js';

/** Tasks that ended or became blocked. */
export interface SettledTasks {
  /** Null where it is not known which. */
  readonly taskUuids: readonly string[] | null;
  /** How some of them stood when they did, for `TaskReader.taskOf`. */
  readonly snapshots?: ReadonlyMap<string, string> | undefined;
}

/** What happens to tasks, wherever in this process or in others it happens. */
@Injectable()
export class TaskChanges {
  readonly settled = new Subject<SettledTasks>();
  /** The tasks that somebody in this process waits for. */
  readonly awaited = new Set<string>();

  constructor(private readonly notifier: Notifier) {}

  /** This process has seen these tasks end or become blocked. */
  publish(taskUuids: readonly string[], snapshots?: ReadonlyMap<string, string>): void {
    if (taskUuids.length === 0) return;
    this.settled.next({ taskUuids, snapshots });
    this.notifier.announceTasks(taskUuids);
  }

  /** Another process has announced it, or announcements may have been missed (null). */
  receive(taskUuids: readonly string[] | null): void {
    this.settled.next({ taskUuids });
  }
}
