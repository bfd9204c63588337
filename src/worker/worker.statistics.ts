import { Injectable } from '@nestjs/common';

/** What this process has done since it started. */
@Injectable()
export class WorkerStatistics {
  claimed = 0;
  succeeded = 0;
  failed = 0;
  /** Reports that came too late: their attempt no longer held the step. */
  refused = 0;
  /** Steps of lost workers that this process took back for everyone. */
  reclaimed = 0;
  /** Attempts handed back at shutdown. */
  released = 0;
}
