/** Preloaded with `--import`: writes the peak resident memory of this process, in bytes, when it ends. */
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.ASSAY_BENCH_PEAK, String(peak())));

/** VmHWM belongs to this program alone; `maxRSS` of a child includes what its parent was before exec. */
function peak() {
  try {
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return Number(kibibytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
