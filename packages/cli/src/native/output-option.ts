/** `--output`, alike for all native commands that print results. */
import { Option } from 'commander';

export function outputOption(): Option {
  return new Option('--output <form>', 'what to print').choices(['text', 'json']).default('text');
}
