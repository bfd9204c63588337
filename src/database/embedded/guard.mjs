/**
 * Runs one program and sees to it that the program does not outlive the guard's own parent, however that one ends.
 *
 * The parent holds the other end of this process's standard input and never writes to it. When the parent stops, or is
 * killed, the system closes that end: the guard then stops the program, and ends when the program has ended. The guard
 * is there before the program is, so no moment of a start is without it.
 *
 * Plain JavaScript with no imports but Node's, because it runs both from the sources and from the build, and stays
 * small: its last argument is the order (see `guarded-process.ts`), one line of JSON to standard output per event.
 */
import { spawn } from 'node:child_process';

/** The program's log file, which this process was given as its standard error. */
const STDERR = 2;

const order = JSON.parse(process.argv.at(-1));

// A service manager may signal every process of a service at once. The parent still needs the program then.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

// The parent may be gone, and nobody listen any more.
process.stdout.on('error', () => {});
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const program = spawn(order.command, order.args, {
  cwd: order.cwd,
  env: order.env,
  ...order.user,
  detached: true,
  stdio: ['ignore', STDERR, STDERR],
  windowsHide: true,
});

let ended = false;
program.on('spawn', () => tell({ event: 'started', pid: program.pid }));
program.on('error', (error) => {
  if (program.pid === undefined) end({ event: 'refused', reason: error.message });
});
program.on('exit', (code, signal) => end({ event: 'ended', code, signal }));

function end(event) {
  ended = true;
  tell(event);
  // Nothing else keeps this process running.
  process.stdin.destroy();
}

process.stdin.on('error', () => {});
process.stdin.on('close', () => stop(order.stopSteps));
process.stdin.resume();

function stop([step, ...later]) {
  if (ended || step === undefined) return;
  if (process.platform === 'win32') stopOnWindows();
  else signalProgram(step.signal);
  setTimeout(stop, step.patienceMs, later).unref();
}

function signalProgram(signal) {
  if (program.pid === undefined) return;
  try {
    // The program leads a group of its own; initdb works through children in it.
    process.kill(-program.pid, signal);
  } catch {
    // It has ended; the event is on its way.
  }
}

/** Windows has no signals; the server's own tool knows another way to ask for a clean end. */
function stopOnWindows() {
  if (order.windowsStop === undefined) program.kill();
  else spawn(order.windowsStop.command, order.windowsStop.args, { stdio: 'ignore', windowsHide: true });
}
