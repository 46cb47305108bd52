/** Prometheus metrics: those that dashboards for policy-controller know (admission.md 4.8), and our own. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Source } from './kept.ts';
import type { Review } from './review.ts';

export interface Metrics {
  /** A review that was answered. */
  review(review: Review, allowed: boolean, milliseconds: number): void;
  conversion(conversion: ObservedConversion): void;
  verdict(source: Source | 'bypassed'): void;
  verification(outcome: 'pass' | 'refused' | 'failed', seconds: number): void;
  deadline(): void;
  text(): Promise<string>;
  readonly contentType: string;
}

export interface ObservedConversion {
  readonly desiredApiVersion: string;
  readonly status: string;
  readonly reason: string;
  readonly code: number;
  readonly milliseconds: number;
}

/** Read when somebody looks. */
export interface MetricSources {
  readonly policies: () => number;
  readonly cacheEntries: () => number;
  readonly certificateExpires: () => Date | undefined;
  readonly informers: () => readonly { readonly resource: string; readonly stalenessMs: number }[];
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'policy_controller_request_count',
    help: 'The number of requests that are routed to webhook',
    labelNames: [...REVIEW_LABELS, ...CONVERSION_LABELS],
    registers,
  });
  const latencies = new Histogram({
    name: 'policy_controller_request_latencies',
    help: 'The response time in milliseconds',
    labelNames: [...REVIEW_LABELS, ...CONVERSION_LABELS],
    buckets: BUCKETS_MS,
    registers,
  });
  const verdicts = new Counter({
    name: 'assay_admission_verdicts_total',
    help: 'Verdicts by where they came from: kept, made, waited for, or not to be kept',
    labelNames: ['source'],
    registers,
  });
  const verification = new Histogram({
    name: 'assay_admission_verification_seconds',
    help: 'Time in which an image was judged by a policy',
    labelNames: ['outcome'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const deadlines = new Counter({ name: 'assay_admission_deadlines_total', help: 'Reviews that were answered without a verdict, for time', registers });
  addGauges(registry, sources);
  return {
    review({ request: { operation, kind, resource, namespace } }, allowed, milliseconds) {
      const labels = {
        request_operation: operation,
        kind_group: kind.group,
        kind_version: kind.version,
        kind_kind: kind.kind,
        resource_group: resource.group,
        resource_version: resource.version,
        resource_resource: resource.resource,
        resource_namespace: namespace,
        admission_allowed: String(allowed),
      };
      requests.inc(labels);
      latencies.observe(labels, milliseconds);
    },
    conversion({ desiredApiVersion, status, reason, code, milliseconds }) {
      const labels = { desired_api_version: desiredApiVersion, result_status: status, result_reason: reason, result_code: String(code) };
      requests.inc(labels);
      latencies.observe(labels, milliseconds);
    },
    verdict: (source) => verdicts.inc({ source }),
    verification: (outcome, seconds) => verification.observe({ outcome }, seconds),
    deadline: () => deadlines.inc(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function addGauges(registry: Registry, { policies, cacheEntries, certificateExpires, informers }: MetricSources): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `assay_admission_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('policies', 'Policies in force', policies);
  gauge('verdict_cache_entries', 'Verdicts that are kept', cacheEntries);
  gauge('certificate_expiry_timestamp_seconds', 'When the serving certificate ends', () => (certificateExpires()?.getTime() ?? 0) / 1000);
  new Gauge({
    name: 'assay_admission_informer_staleness_seconds',
    help: 'Since the API server was last heard of',
    labelNames: ['resource'],
    registers: [registry],
    collect() {
      for (const { resource, stalenessMs } of informers()) this.set({ resource }, stalenessMs / 1000);
    },
  });
}

const REVIEW_LABELS = [
  'request_operation',
  'kind_group',
  'kind_version',
  'kind_kind',
  'resource_group',
  'resource_version',
  'resource_resource',
  'resource_namespace',
  'admission_allowed',
] as const;
const CONVERSION_LABELS = ['desired_api_version', 'result_status', 'result_reason', 'result_code'] as const;
const BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];
