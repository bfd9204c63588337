import { Injectable, type PipeTransform } from '@nestjs/common';

import { InvalidUuidError } from './api.errors.js';
import { isUuid } from './request.rules.js';

/** Lets uuids through, in lower case as they are stored. */
@Injectable()
export class UuidParamPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (isUuid(value)) return value.toLowerCase();
    const shown = JSON.stringify(value.slice(0, 100));
    throw new InvalidUuidError(`Expected a uuid in the path, found ${shown}`);
  }
}
