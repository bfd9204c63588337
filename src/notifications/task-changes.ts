import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';
import { Notifier } from './notifier.js';

/** What happens to tasks, wherever in this process or in others it happens. */
@Injectable()
export class TaskChanges {
  /** The tasks that ended or became blocked; null where it is not known which. */
  readonly settled = new Subject<readonly string[] | null>();

  constructor(private readonly notifier: Notifier) {}

  /** This process has seen these tasks end or become blocked. */
  publish(taskUuids: readonly string[]): void {
    if (taskUuids.length === 0) return;
    this.settled.next(taskUuids);
    this.notifier.announceTasks(taskUuids);
  }

  /** Another process has announced it, or announcements may have been missed (null). */
  receive(taskUuids: readonly string[] | null): void {
    this.settled.next(taskUuids);
  }
}
