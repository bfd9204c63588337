import { Injectable, type PipeTransform } from '@nestjs/common';

import { InvalidUuidError, isUuid } from '../engine/index.js';

/** Lets uuids through, in lower case as they are stored. */
@Injectable()
export class UuidParamPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (isUuid(value)) return value.toLowerCase();
    const shown = JSON.stringify(String(value).slice(0, 100));
    throw new InvalidUuidError(`Expected a uuid in the path, found ${shown}`);
  }
}
