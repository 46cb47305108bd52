/** Metrics in Prometheus' text form: every request by service, method and status with its time, and what the services count themselves. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Service } from '../service.ts';

export interface Metrics {
  observe(request: { readonly service: string; readonly method: string; readonly status: number; readonly seconds: number }): void;
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(services: ReadonlyMap<string, Service>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ['service', 'method', 'status'] as const;
  const requests = new Counter({ name: 'assay_http_requests_total', help: 'Requests answered', labelNames, registers: [registry] });
  const seconds = new Histogram({
    name: 'assay_http_request_seconds',
    help: 'Time to the answer',
    labelNames: ['service'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  for (const [name, service] of services) addStats(registry, name, service);
  return {
    observe: ({ service, method, status, seconds: taken }) => {
      requests.inc({ service, method, status: String(status) });
      seconds.observe({ service }, taken);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Asked for when somebody looks, so that counting costs services nothing. */
function addStats(registry: Registry, name: string, service: Service): void {
  for (const stat of Object.keys(service.stats?.() ?? {})) {
    const metric = `assay_${name.replaceAll(/[^a-z0-9]/gi, '_').toLowerCase()}_${stat}`;
    new Gauge({
      name: metric,
      help: `${stat.replaceAll('_', ' ')} of ${name}`,
      registers: [registry],
      collect() {
        this.set(service.stats?.()[stat] ?? 0);
      },
    });
  }
}
