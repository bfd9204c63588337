import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ask } from '../support/http.js';
import { Program } from '../support/program.js';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export const SIX = {
  namespace: 'linear_workflow',
  name: 'mathematical_sequence',
  version: '1.0.0',
  context: { even_number: 6 },
};

export interface TaskAnswer {
  readonly task_uuid: string;
  readonly status: string;
}

/** The service as it is started in production: `main`, with settings from the environment. */
export class ServiceProcess {
  private constructor(
    readonly program: Program,
    readonly url: string,
  ) {}

  /** Without waiting for anything. */
  static launch(environment: Readonly<Record<string, string>>, main = MAIN): Program {
    const settings = {
      PORT: '0',
      TASKER_POLL_INTERVAL_MS: '100',
      // As people read it: what tests look for in the log is not escaped.
      TASKER_LOG_FORMAT: 'pretty',
      NO_COLOR: '1',
      ...environment,
    };
    return main.endsWith('.ts') ? Program.typescript(main, settings) : new Program([main], settings);
  }

  static async start(environment: Readonly<Record<string, string>>, main = MAIN): Promise<ServiceProcess> {
    const program = ServiceProcess.launch(environment, main);
    const [, url = ''] = await program.says(/Listening on (http:\/\/[\w.:[\]-]+)/);
    return new ServiceProcess(program, url);
  }

  async submitSix(): Promise<string> {
    const { status, body } = await ask<TaskAnswer>(this.url, '/v1/tasks', SIX);
    if (status !== 200) throw new Error(`The task was refused: ${JSON.stringify(body)}`);
    return body.task_uuid;
  }

  async status(taskUuid: string, waitSeconds = 60): Promise<string> {
    const answer = await ask<TaskAnswer>(this.url, `/v1/tasks/${taskUuid}?wait_seconds=${waitSeconds}`);
    return answer.body.status;
  }
}

const folders: string[] = [];

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tasker-service-'));
  // As root the embedded server runs as another user, who has to get in.
  await chmod(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** For `afterEach`. */
export async function removeTemporaryFolders(): Promise<void> {
  await Promise.all(
    folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })),
  );
}
