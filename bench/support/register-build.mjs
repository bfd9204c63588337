/** As the tests' loader, for code that is to be measured as it is shipped: what is imported from `src` comes from `dist`. */
import { register } from 'node:module';

import '../../test/support/register-ts.mjs';

register('./build-resolver.mjs', import.meta.url);
