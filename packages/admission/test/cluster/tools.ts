/** The programs that a cluster is made of: in the testbed (ASSAY_TESTBED) or on PATH, absent elsewhere. `tools/testbed.sh` installs them. */
import { findOnPath, findTool } from '../../../cli/test/foreign-tools.ts';

export interface ClusterTools {
  /** Paths; empty for what is missing. */
  readonly etcd: string;
  readonly apiServer: string;
  readonly kubectl: string;
  /** Names of those that are not there: a test without all of them skips, visibly. */
  readonly missing: readonly string[];
}

export const KUBERNETES_VERSION = '1.34.1';

export function clusterTools(): ClusterTools {
  const etcd = findOnPath('etcd') || findTool('etcd', 'apt').path;
  const apiServer = findTool('kube-apiserver', KUBERNETES_VERSION).path;
  const kubectl = findTool('kubectl', KUBERNETES_VERSION).path;
  const missing = Object.entries({ etcd, 'kube-apiserver': apiServer, kubectl }).flatMap(([name, path]) => (path === '' ? [name] : []));
  return { etcd, apiServer, kubectl, missing };
}
