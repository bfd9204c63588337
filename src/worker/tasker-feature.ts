import { acrossCopies, recogniseAcrossCopies } from '../copies/index.js';

/** What `TaskerFeature` is provided under: a class would be another one in another copy of the package. */
export const TASKER_FEATURE = acrossCopies('feature');

/** What a module says with `TaskerModule.forFeature`: "my step handlers belong to this namespace". */
export class TaskerFeature {
  static {
    recogniseAcrossCopies(this, 'TaskerFeature');
  }

  constructor(
    readonly namespace: string,
    /** A directory of plain SQL migrations for the namespace's own tables. */
    readonly migrations: string | null,
  ) {}
}
