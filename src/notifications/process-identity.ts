import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** What this process signs its notifications with. */
@Injectable()
export class ProcessIdentity {
  readonly origin = randomUUID();
}
