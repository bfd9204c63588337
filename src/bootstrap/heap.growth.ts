import { setFlagsFromString } from 'node:v8';

/**
 * Lets the heap grow to twice what is alive before the next full collection. V8's own choice, on a machine with memory to spare,
 * is up to four times: under load most of the process would be garbage. For a process that is the service's own.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
