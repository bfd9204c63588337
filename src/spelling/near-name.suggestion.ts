const SHORTEST_COMPARED = 3;
const LONGEST_COMPARED = 64;
const MOST_EDITS = 3;

/** `, did you mean "name"?` for the candidate that is a few typing errors away from `word`, or an empty text when none is. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = nearestName(word, candidates, Math.min(MOST_EDITS, Math.floor(word.length / 2)));
  return nearest === null ? '' : `, did you mean ${JSON.stringify(nearest)}?`;
}

/** The candidate that is the fewest typing errors away from `word`, upper case or lower; null where it is more than `mostEdits`. */
export function nearestName(word: string, candidates: Iterable<string>, mostEdits: number): string | null {
  // Of two letters anything is near; long words cost their length squared each, and are never typed by hand.
  if (word.length < SHORTEST_COMPARED || word.length > LONGEST_COMPARED) return null;
  let nearest: string | null = null;
  let bound = mostEdits + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bound) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= bound) continue;
    bound = distance;
    nearest = candidate;
  }
  return nearest;
}

/** Levenshtein distance, one row of the table at a time. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let line = 1; line <= left.length; line++) {
    const next = [line];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (left[line - 1] === right[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
