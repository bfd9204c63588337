import { Injectable } from '@nestjs/common';
import { WorkerSettings } from '../config/index.js';
import { StepInputReader } from '../engine/index.js';
import type { ClaimedStep, InputExcess } from '../engine/index.js';
import { PermanentStepError, StepAbortedError } from './step-errors.js';

/** Gives claimed steps the inputs that were too large to come with their claims. */
@Injectable()
export class StepInputLoader {
  constructor(
    private readonly reader: StepInputReader,
    private readonly settings: WorkerSettings,
  ) {}

  /**
   * @throws StepAbortedError with code LEASE_LOST where the attempt no longer holds its step; PermanentStepError with code
   *   INPUT_TOO_LARGE where there is more than `maxInputBytes`, naming the parents; the database's error
   */
  async load(claim: ClaimedStep): Promise<void> {
    const { maxInputBytes } = this.settings;
    const answer = await this.reader.read(claim, maxInputBytes);
    if (answer === null)
      throw new StepAbortedError('LEASE_LOST', 'The step is no longer held by this attempt');
    claim.input.provide(answer.contextJson, answer.resultsJson);
    if (answer.excess !== null) throw tooLarge(answer.excess, maxInputBytes);
  }
}

function tooLarge(excess: InputExcess, maxInputBytes: number): PermanentStepError {
  const { bytes, context_bytes, parents, largest } = excess;
  const named = largest.map((result) => `"${result.name}" ${result.bytes}`);
  const others = parents > largest.length ? [`${parents - largest.length} more parents`] : [];
  return new PermanentStepError(
    `The step's input has ${bytes} bytes; at most ${maxInputBytes} are given to a step (TASKER_MAX_INPUT_BYTES): context ${context_bytes}, ${[...named, ...others].join(', ')}. Let the parents return less, such as a reference to what they stored`,
    { errorCode: 'INPUT_TOO_LARGE', errorType: 'InputTooLargeError', context: { ...excess } },
  );
}
