/** What a module says with `TaskerModule.forFeature`: "my step handlers belong to this namespace". */
export class TaskerFeature {
  constructor(
    readonly namespace: string,
    /** A directory of plain SQL migrations for the namespace's own tables. */
    readonly migrations: string | null,
  ) {}
}
