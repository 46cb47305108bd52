/** A resource that a cluster serves in one of several versions: the first of them that it knows. Asked again whenever the whole list is. */
import { apiStatus, type KubernetesClient } from '../kubernetes/client.ts';

/** A client for an informer of the first of `paths`: what it asks for there is asked for where the cluster has it. 404 when it has none. */
export function servedVersion(client: KubernetesClient, paths: readonly [string, ...string[]]): KubernetesClient {
  let served = paths[0];
  return {
    ...client,
    async get(path, options) {
      // A later page is of the version that the first was of.
      if (options?.query?.['continue'] !== undefined) return client.get(served, options);
      for (const candidate of paths) {
        try {
          const list = await client.get(candidate, options);
          served = candidate;
          return list;
        } catch (error) {
          if (apiStatus(error) !== 404 || candidate === paths.at(-1)) throw error;
        }
      }
      return client.get(path, options);
    },
    watch: (_path, options) => client.watch(served, options),
  };
}
