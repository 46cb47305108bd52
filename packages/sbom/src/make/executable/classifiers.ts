/**
 * Programs that no package manager brought, by the names of their files and what compilers left in them. Which files, and what identifies their versions, are facts
 * that syft 1.52 collected. For each file all rules of its name are asked; in a rule the first pattern that is found says the version.
 */
import { anywhere, given, near, type Pattern } from './evidence.ts';

export interface Classifier {
  readonly name: string;
  /** Of the file, without its folder. */
  readonly file: RegExp;
  /** The group `version` is it, else the first. */
  readonly patterns: readonly Pattern[] | ((fileName: string) => readonly Pattern[]);
  /** Instead of `pkg:generic/NAME`. */
  readonly purl?: { readonly type: string; readonly namespace?: string; readonly name: string; readonly subpath?: string };
  /** In the whole path. */
  readonly path?: RegExp;
  /** The first of a family that is found excludes the rest. */
  readonly family?: string;
  /** A file that says the version where the program does not, in its own folder or the one above. */
  readonly beside?: { readonly file: RegExp; readonly pattern: RegExp };
}

const ERLANG = [near('/src/otp_src_', '/src/otp_src_(<otp>)/erts/'), near('/usr/local/src/otp-', '/usr/local/src/otp-(<otp>)/erts/')];
const MYSQL_CLUSTER = [near('/mysql-cluster-gpl-', '/mysql-cluster-gpl-(<mysql>)/')];
const RUBY = [near('ruby ', String.raw`ruby (<release>(?:(?:p|preview|rc|dev)\d*)?) `)];
const BEATS = [
  near('Test ', 'Test (<release>)[a-z%]'),
  near('plugin', 'plugin(?:output)?(<release>)[-a-z]'),
  near('5m.rate', String.raw`5m\.rate(<release>)-`),
];
const ISTIO_PATTERNS = [
  anywhere('<release><0>{1,64}(<istio>)<0>'),
  near('Clean<0>', 'Clean<0>+(<istio>)<0>'),
  near('Modified<0>', String.raw`Modified<0>+(\d+\.\d+-dev)<0>`),
  near('=v<y5', String.raw`(<istio>)<0>+[\s\S]{1,100}S?=v<y5`, { before: 160, after: 0 }),
];
const OLD_GRAFANA = [
  near('HEAD<0>', String.raw`^HEAD<0>[^\n]{0,400}?<0>(<grafana1>)(?:\+security-\d+)?<0>`, { before: 0, after: 480 }),
  near('/usr/local/go', String.raw`[a-z0-9]<0>+(<grafana1>)(?:\+security-\d+)?<0>+/usr/local/go`, { before: 64, after: 0 }),
];
const FFMPEG = near('FFmpeg version ', String.raw`FFmpeg version (\d+\.\d+(?:\.\d+)?)`);
const ORACLE = (name: string) => ({ type: 'generic', namespace: 'oracle', name });
const GRAALVM = anywhere(String.raw`<0>(\d[.0-9]*\+\d+-jvmci-\d[.0-9]*-b\d+)<0>`);

export const CLASSIFIERS: readonly Classifier[] = [
  { name: 'python', file: /^python\d+(?:\.\d+)+$/, patterns: (file) => pythonPatterns(file.slice('python'.length)) },
  { name: 'python', file: /^libpython\d+(?:\.\d+)+[a-z]?\.so/, patterns: (file) => pythonPatterns(/[\d.]*\d/.exec(file.slice('libpython'.length))?.[0] ?? '') },
  { name: 'pypy', file: /^libpypy.*\.so/, patterns: [near('[PyPy ', String.raw`\[PyPy (<release>)`)] },
  {
    name: 'go',
    file: /^go(?:\.exe)?$/,
    patterns: [anywhere(String.raw`go(\d+\.\d+(?:\.\d+|beta\d+|alpha\d+|rc\d+)?)<0>`)],
    beside: { file: /^VERSION/, pattern: /go(\d+\.\d+(?:\.\d+|beta\d+|alpha\d+|rc\d+|-[_0-9a-z]+)?)/ },
  },
  {
    name: 'julia',
    file: /^libjulia-internal\.so$/,
    patterns: [
      near('<0>__init__<0>', '<0>__init__<0>(<julia>)<0>(?:branch|verify_methods)'),
      near('<0>branch<0>', '(<julia>)<0>branch<0>'),
      near('<0>julia version', '<0>(<julia>)<0>julia version'),
    ],
  },
  {
    name: 'helm',
    file: /^helm$/,
    patterns: [
      near('<0>v', String.raw`^<0>v(<release>(?:-alpha\.\d|-beta\.\d|-rc\.\d)?)<0><0>`, { before: 0, after: 40 }),
      near('go1.', String.raw`v(<release>(?:-alpha\.\d|-beta\.\d|-rc\.\d)?)<0>+[^\n]{1,500}go\d+\.\d+\.\d+<0>`, { before: 540, after: 16 }),
      near('<0>v', String.raw`^<0>v(<release>(?:-alpha\.\d|-beta\.\d|-rc\.\d)?)<0>`, { before: 0, after: 40 }),
      near('@v', String.raw`^@v(<release>(?:-alpha\.\d|-beta\.\d|-rc\.\d)?)<0>`, { before: 0, after: 40 }),
    ],
    purl: { type: 'golang', namespace: 'helm.sh', name: 'helm' },
  },
  {
    name: 'redis',
    file: /^redis-server$/,
    patterns: [
      near('buildkitsandbox-', String.raw`[^\d](\d+.\d+\.\d+)buildkitsandbox-\d+`),
      anywhere(String.raw`[^\d](<release>)\w{12}-\d`),
      near('Redis version ', 'Redis version (<release>)'),
    ],
  },
  { name: 'valkey', file: /^valkey-server$/, patterns: [near('buildkitsandbox-', String.raw`[^\d](\d+.\d+\.\d+)buildkitsandbox-\d+`)] },
  {
    name: 'node',
    file: /^node$/,
    patterns: [anywhere(String.raw`<0>(?:node )?v([0456]\.\d+\.\d+)<0>`), near('node.js/v', String.raw`node\.js/v(<release>)`)],
  },
  { name: 'busybox', file: /^busybox$/, patterns: [near('BusyBox', String.raw`BusyBox\s{1,16}v(<release>)`)] },
  { name: 'util-linux', file: /^getopt$/, patterns: [near('<0>util-linux', String.raw`<0>util-linux\s(<release>)<0>`)] },
  {
    name: 'haproxy',
    file: /^haproxy$/,
    patterns: [
      near(', released 20', String.raw`version (\d+\.\d+(?:\.|-dev|-rc)\d+)(?:-[a-z0-9]{7})?, released 20`),
      near('HA-Proxy version ', String.raw`HA-Proxy version (\d+\.\d+(?:\.|-dev)\d+)`),
      near('HAProxy version', String.raw`(\d+\.\d+(?:\.|-dev)\d+)-[0-9a-zA-Z]{7}[^\n]+HAProxy version`, { before: 400 }),
    ],
  },
  { name: 'perl', file: /^perl$/, patterns: [near('/usr/local/lib/perl', String.raw`/usr/local/lib/perl\d/(<release>)`)] },
  {
    name: 'composer',
    file: /^composer/,
    patterns: [near("'pretty_version'", String.raw`'pretty_version'\s*=>\s*'(<release>(?:beta\d+|alpha\d+|RC\d+)?)'`)],
  },
  { name: 'httpd', file: /^httpd$/, patterns: [near('Apache/', 'Apache/(<release>)')] },
  { name: 'memcached', file: /^memcached$/, patterns: [near('memcached', String.raw`memcached\s(<release>)`)] },
  { name: 'traefik', file: /^traefik$/, patterns: [anywhere(String.raw`(?:<0>v?|[\x80-\xff][^\n]?)(<julia>)<0>`)] },
  { name: 'arangodb', file: /^arangosh$/, patterns: [near('[linux]', String.raw`(\d+\.\d+\.\d+(?:-\d+)?)\s(?:enterprise\s)?\[linux\]`)] },
  { name: 'postgresql', file: /^postgres$/, patterns: [near('PostgreSQL ', String.raw`(?:<0>|\?)PostgreSQL (<mysql>)`)] },
  {
    name: 'mysql',
    file: /^mysql$/,
    patterns: [near('mysql', '<0>(<mysql>)<0>+mysql'), near('/mysql-', String.raw`^[^\n]*/mysql-(<mysql>)`, { before: 0, after: 400 })],
  },
  { name: 'percona-server', file: /^mysql$/, patterns: [near('/percona-server-', String.raw`^[^\n]*/percona-server-(<mysql>)`, { before: 0, after: 400 })] },
  {
    name: 'percona-xtradb-cluster',
    file: /^mysql$/,
    patterns: [near('/Percona-XtraDB-Cluster-', String.raw`^[^\n]*/Percona-XtraDB-Cluster-(<mysql>)`, { before: 0, after: 400 })],
  },
  { name: 'mysql-server', file: /^mysqld$/, patterns: [near('cluster-gpl<0>', String.raw`cluster-gpl<0>(\d+(?:\.\d+)?(?:\.\d+)?)-ndb-\d`)] },
  {
    name: 'mysql-cluster',
    file: /^mysqld$/,
    family: 'mysqld',
    patterns: [near('cluster-gpl<0>', String.raw`cluster-gpl<0>[\d.]+-ndb-(\d+(?:\.\d+)?(?:\.\d+)?)`)],
  },
  { name: 'mysql-cluster', file: /^mysqld$/, family: 'mysqld', patterns: MYSQL_CLUSTER },
  { name: 'mysql-server', file: /^mysqld$/, family: 'mysqld', patterns: [near('/mysql-', '/mysql-(<mysql>)/')] },
  { name: 'mysql-cluster', file: /^(?:ndbd|ndbmtd|ndb_mgmd)$/, patterns: MYSQL_CLUSTER },
  {
    name: 'percona-xtrabackup',
    file: /^xtrabackup$/,
    patterns: [near('/percona-xtrabackup-', String.raw`^[^\n]*/percona-xtrabackup-(<mysql>)`, { before: 0, after: 400 })],
  },
  {
    name: 'mariadb',
    file: /^(?:mariadb|mysql)$/,
    patterns: [near('-MariaDB', '(<mysql>)-MariaDB'), near('/mariadb-', '/mariadb-(<mysql>)-')],
  },
  {
    name: 'rust',
    file: /^libstd-.{16}\.(?:so|dylib)$/,
    patterns: [
      near('(rustc version ', String.raw`<0>clang LLVM \(rustc version (\d+(?:\.\d+)?\.\d+) \(`),
      anywhere(String.raw`c (\d+(?:\.\d+)?\.\d+) \(\w{1,16} \d{4}-\d{2}-\d{2}\)`),
    ],
  },
  // The program itself may be a stub for the library.
  { name: 'ruby', file: /^(?:ruby|libruby\.so.*)$/, patterns: RUBY },
  { name: 'erlang', file: /^(?:erlexec|liberts_internal\.a)$/, patterns: ERLANG },
  {
    name: 'erlang',
    file: /^beam\.smp$/,
    patterns: [...ERLANG, near('Erlang/OTP', '<0>(<otp>)<0>+Erlang/OTP'), near('Erlang/OTP', 'Erlang/OTP[^]{1,150}<0>(<otp>)<0>', { after: 240 })],
  },
  { name: 'swipl', file: /^swipl$/, patterns: [near('swipl-', 'swipl-(<release>)/')] },
  { name: 'dart', file: /^dart$/, patterns: [anywhere(String.raw`<0>(\d+\.\d+\.\d+(?:-\d+(?:\.\d+)?\.beta)?) `)] },
  {
    name: 'deno',
    file: /^deno$/,
    patterns: [
      near('Deno/', 'Deno/(<release>)(?:Deno/|cli/)'),
      near('Deno/', 'Deno/(<release>)'),
      near('deno-canary/', 'deno-canary/[0-9a-z]{40}(<release>)'),
      near('release/v', 'deno-[0-9a-z]{40}release/v(<release>)'),
      near('deno-', 'deno-[0-9a-z]{40}(<release>)'),
      near('DENO', '(<release>)[0-9a-z]{40}DENO', { before: 64 }),
    ],
  },
  {
    name: 'bun',
    file: /^bun$/,
    patterns: [anywhere('[Bb]un v?(<release>)'), near('bun-', 'bun-(<release>)')],
  },
  {
    name: 'haskell/ghc',
    file: /^ghc/,
    patterns: [
      near('<0>GHC ', '<0>GHC (<release>)<0>'),
      near('<0>libHSghc-', String.raw`<0>libHSghc-(<release>)-(?:[a-zA-Z0-9]{1,64}-)?ghc\d+\.\d+\.\d+\.so<0>`),
    ],
    purl: { type: 'generic', namespace: 'haskell', name: 'ghc' },
  },
  {
    name: 'haskell/cabal',
    file: /^cabal$/,
    patterns: [
      near('<0>Cabal-', String.raw`<0>Cabal-(<release>(?:\.\d+)?)-`),
      near('cabal-install-', String.raw`<0>[^\n]{0,50}cabal-install-(<release>(?:\.\d+)?)-[a-zA-Z0-9]+<0>`, { before: 64 }),
    ],
    purl: { type: 'generic', namespace: 'haskell', name: 'cabal' },
  },
  {
    name: 'haskell/stack',
    file: /^stack$/,
    patterns: [near('Version', String.raw`Version\s{0,16}(<release>),\s{0,16}Git`)],
    purl: { type: 'generic', namespace: 'haskell', name: 'stack' },
  },
  {
    name: 'consul',
    file: /^consul$/,
    patterns: [
      near('CONSUL_VERSION: ', 'CONSUL_VERSION: (<release>)'),
      near('GitDescribe=', 'GitDescribe=(<release>)"'),
      near('<0>v', '^<0>v(<release>)<0>', { before: 0, after: 40 }),
    ],
    purl: { type: 'golang', namespace: 'github.com/hashicorp', name: 'consul' },
  },
  {
    name: 'github.com/hashicorp/vault',
    file: /^vault$/,
    patterns: [
      near('revoke', 'revoke(<release>)'),
      near('state', String.raw`state(<release>-rc\d)`),
      near('016x', String.raw`016x(1.1[1,34].\d{1,2})`),
      near('<0>1.', String.raw`^<0>(1\.\d[0,1]?\.\d+)<0>`, { before: 0, after: 40 }),
    ],
    purl: { type: 'golang', namespace: 'github.com/hashicorp', name: 'vault' },
  },
  {
    name: 'nginx',
    file: /^nginx$/,
    patterns: [near('nginx version: ', String.raw`(?:<0>|\?)nginx version: [^/]+/(<release>(?:\+\d+)?(?:-\d+)?)`)],
  },
  { name: 'bash', file: /^bash$/, patterns: [near('@(#)Bash version ', String.raw`@\(#\)Bash version (<release>)\(\d\) [a-z0-9]+ GNU`)] },
  { name: 'aws-lc', file: /^openssl$/, family: 'openssl', patterns: [near('AWS-LC ', String.raw`AWS-LC (<release>)\)<0>`)] },
  {
    name: 'openssl',
    file: /^openssl$/,
    family: 'openssl',
    patterns: [near('<0>OpenSSL ', String.raw`<0>OpenSSL (<release>(?:[a-z]{1,8}|-alpha\d|-beta\d|-rc\d)?)`)],
  },
  { name: 'openldap', file: /^ldapsearch$/, patterns: [near('$OpenLDAP:', String.raw`\$OpenLDAP:\sldapsearch\s(<release>)`)] },
  {
    name: 'qtbase',
    file: /^libQt.*Core\.so/,
    patterns: [near('<0><0>Qt ', String.raw`<0><0>Qt (<release>) \(`), near('QtCore library version ', 'QtCore library version (<release>)')],
  },
  { name: 'gcc', file: /^gcc$/, patterns: [near('GCC: (GNU) ', String.raw`GCC: \(GNU\) (<release>)`)] },
  {
    name: 'fluent-bit',
    file: /^fluent-bit$/,
    patterns: [near('Fluent', String.raw`<0>(<release>)<0>(?:\x1b\[1m<0>|<0>|<0><0>)?(?:%s)?Fluent`)],
    purl: { type: 'github', namespace: 'fluent', name: 'fluent-bit' },
  },
  { name: 'wp-cli', file: /^wp$/, patterns: [near('wp-cli/wp-cli ', 'wp-cli/wp-cli (<release>)')] },
  { name: 'curl', file: /^curl$/, patterns: [near('curl/', 'curl/(<release>)')] },
  { name: 'lighttpd', file: /^lighttpd$/, patterns: [near('<0>lighttpd/', '<0>lighttpd/(<release>)<0>')] },
  { name: 'proftpd', file: /^proftpd$/, patterns: [near('<0>ProFTPD Version ', '<0>ProFTPD Version (<release>[a-z]?)<0>')] },
  { name: 'zstd', file: /^zstd$/, patterns: [near('<0>v', '^<0>v(<release>)<0>', { before: 0, after: 40 })] },
  { name: 'xz', file: /^xz$/, patterns: [near('<0>xz (XZ Utils) ', String.raw`<0>xz \(XZ Utils\) (<release>)<0>`)] },
  // Versions alone say little: only in what says that it is gzip, and no other program under its name.
  { name: 'gzip', file: /^gzip$/, patterns: [given('%s: %s: not in gzip format', anywhere(String.raw`<0>(\d+\.\d+)<0>`))] },
  { name: 'sqlcipher', file: /^sqlcipher$/, patterns: [anywhere('[^0-9]<0>(<release>)<0>')] },
  { name: 'jq', file: /^jq$/, patterns: [anywhere(String.raw`<0>(\d{1,3}\.\d{1,3}(?:\.\d+)?)<0>`)] },
  { name: 'chrome', file: /^chrome$/, patterns: [near('<0>Default', String.raw`<0>(\d+\.\d+\.\d+\.\d+)<0>Default`)] },
  {
    name: 'firefox',
    file: /^firefox(?:\.exe)?$/,
    patterns: [],
    beside: { file: /^application\.ini$/, pattern: /^Name=Firefox\r?$[\s\S]*?^Version=(\d+(?:\.\d+)+(?:[A-Za-z][0-9A-Za-z.-]*)?)\r?$/m },
  },
  { name: 'ffmpeg', file: /^ffmpeg$/, patterns: [near('%s version ', String.raw`%s version (\d+\.\d+(?:\.\d+)?)`)] },
  { name: 'ffmpeg', file: /^libav/, patterns: [FFMPEG, near('Lavc', 'Lavc(<release>)'), near('Lavf', 'Lavf(<release>)')] },
  { name: 'ffmpeg', file: /^libswresample/, patterns: [FFMPEG] },
  { name: 'elixir', file: /^elixir$/, patterns: [near('ELIXIR_VERSION=', String.raw`ELIXIR_VERSION=(<release>(?:-[a-z0-9]+(?:\.\d+)?)?)`)] },
  {
    name: 'elixir',
    file: /^elixir\.app$/,
    path: /\/elixir\/ebin\//,
    patterns: [near('{vsn,"', String.raw`\{vsn,"(<release>(?:-[a-z0-9]+(?:\.\d+)?)?)"\}`)],
  },
  { name: 'pilot-discovery', file: /^pilot-discovery$/, patterns: ISTIO_PATTERNS, purl: { type: 'generic', name: 'istio', subpath: 'pilot-discovery' } },
  { name: 'pilot-agent', file: /^pilot-agent$/, patterns: ISTIO_PATTERNS, purl: { type: 'generic', name: 'istio', subpath: 'pilot-agent' } },
  {
    name: 'grafana',
    file: /^grafana$/,
    patterns: [
      anywhere(String.raw`<0>(\d\d\.\d+\.\d+-\d{6,12})<0>`),
      near('+security-', String.raw`<0>(\d{1,2}\.\d+\.\d+)\+security-\d+<0>`),
      near('<0>release-', String.raw`<0>release-(<grafana>)(?:\+security-\d+)?<0>`),
      near('+DT', String.raw`<0>go1\.\d+\.\d+<0>+(<grafana>)(?:\+security-\d+)?<0>+[\s\S]{1,500}\+DT`, { before: 640, after: 0 }),
      near('<0>$a', String.raw`(<grafana>)(?:\+security-\d+)?<0>+\$a`),
      anywhere(String.raw`<0>[^\n](10\.\d+\.\d+(?:-beta\d|-test|-preview)?)(?:\+security-\d+)?<0>`),
      near('+DT', String.raw`(<grafana>)(?:\+security-\d+)?<0>+[\s\S]{1,100}<0>go1\.\d+\.\d+<0>[\s\S]{1,100}\+DT`, { before: 320, after: 0 }),
      near('.x<0>', String.raw`(<grafana1>)(?:\+security-\d+)?<0>+v\d+\.\d+\.x<0>`, { before: 64, after: 0 }),
      ...OLD_GRAFANA,
    ],
  },
  {
    name: 'grafana',
    file: /^grafana-server$/,
    patterns: [...OLD_GRAFANA, near('<0>/u', String.raw`<0>(<grafana1>)<0>[\s\S]{0,1000}<0>/u`, { before: 1060, after: 0 })],
  },
  {
    name: 'envoy',
    file: /^envoy$/,
    patterns: [
      near('<0>1.3', String.raw`^<0>(1\.3\d\.\d+(?:-dev)?)<0>[\s\S]{0,1000}?envoy_reloadable_features`, { before: 0, after: 1100 }),
      near('<0>1.34.5<0>', String.raw`^<0>(1\.34\.5)<0>[\s\S]{0,200}?envoy\.reloadable_features`, { before: 0, after: 300 }),
      near('<0>1.2', String.raw`envoy_quic_[\s\S]{0,1000}<0>(1\.2\d\.\d+(?:-dev)?)<0>`, { before: 1020, after: 20 }),
      near('<0>1.', String.raw`^<0>(1\.[12]\d\.\d+(?:-dev)?)<0>[\s\S]{0,1000}?Unable to`, { before: 0, after: 1100 }),
      near('<0>1.2', String.raw`^<0>(1\.2\d\.\d+(?:-dev)?)<0>[\s\S]{0,580}?ValidationError`, { before: 0, after: 700 }),
      near('<0>1.1', String.raw`^<0>(1\.1\d\.\d+(?:-dev)?)<0>[\s\S]{0,1000}?ValidationError`, { before: 0, after: 1100 }),
      near('<0>1.1', String.raw`\[source/[\s\S]{0,200}<0>(1\.1\d\.\d+(?:-dev)?)<0>`, { before: 220, after: 20 }),
      near('RELEASE', String.raw`<0>(1\.\d\.\d+(?:-dev)?)<0>[\s\S]{0,20}RELEASE`, { after: 0 }),
      near('<0>1.3', String.raw`^<0>(1\.3\d\.\d+(?:-dev)?)<0>(?:envoy[/._:]|[\s\S]{0,200}?envoy[./]|[\s\S]{0,1000}?envoy_quic|TLS )`, {
        before: 0,
        after: 1100,
      }),
      near('<0>1.2', String.raw`^<0>(1\.2\d\.\d+(?:-dev)?)<0>(?:envoy[/._]|[\s\S]{0,500}?envoy\.|[\s\S]{0,300}?envoy_)`, { before: 0, after: 600 }),
    ],
  },
  {
    name: 'mongodb',
    file: /^mongod$/,
    patterns: ['tcmalloc', 'heap_size', 'cppdefines'].map((word) => near(`<0>${word}`, `(<release>)<0>+${word}`)),
  },
  {
    name: 'nginx-ingress-controller',
    file: /^nginx-ingress-controller$/,
    patterns: [
      anywhere(String.raw`v(<release>(?:-(?:alpha|beta)\.\d+)?)<0><0>`),
      near('$a', String.raw`v(<release>(?:-(?:alpha|beta)\.\d)?)<0>+[^\n]{0,800}\$a[^\n]{0,10}<0>`, { before: 840, after: 16 }),
      near('S=v<y5', String.raw`<0>v?(<release>(?:-(?:alpha|beta)\.\d)?)<0>+[^\n]{0,100}S=v<y5`, { before: 160, after: 0 }),
      near('<0>v', String.raw`^<0>v(<release>(?:-(?:alpha|beta)\.\d)?)<0>`, { before: 0, after: 40 }),
    ],
  },
  ...['filebeat', 'metricbeat', 'heartbeat', 'packetbeat', 'auditbeat'].map((name) => ({ name, file: new RegExp(`^${name}$`), patterns: BEATS })),
  {
    name: 'elastic-agent',
    file: /^elastic-agent$/,
    patterns: [near('enroll', 'enroll(?:: true)?(<release>)-?header'), near(':https', 'PM(<release>):https')],
  },
  {
    name: 'krb5',
    file: /^libkrb5\.so/,
    patterns: [near('<0>KRB5_BRAND:', String.raw`<0>KRB5_BRAND:\s{1,16}krb5-\S{1,64}\s{1,16}(\d+(?:\.\d+){1,2})(?:\s|$)`)],
  },
  { name: 'heimdal-krb5', file: /^libkrb5\.so/, patterns: [near('$Version:', String.raw`\$Version:\s{1,16}Heimdal\s{1,16}(\d+(?:\.\d+){1,2})(?:\s|$)`)] },
  { name: 'graalvm', file: /^(?:java|jdb)$/, family: 'java', patterns: [GRAALVM], purl: ORACLE('graalvm') },
  {
    name: 'zulu',
    file: /^(?:java|jdb)$/,
    family: 'java',
    path: /zulu[^/]*\//,
    patterns: [
      near('<0>', String.raw`^(?:java|jdb)<0>\d[.0-9]*<0>(\d[^<0>]{1,64})<0>`, { before: 4, after: 100 }),
      anywhere(String.raw`<0>\d[.0-9]{0,16}<0>{1,16}(\d[^<0>]{1,64})<0>{1,16}(?:openjdk|java|jdb)`),
    ],
    purl: { type: 'generic', namespace: 'azul', name: 'zulu' },
  },
  {
    name: 'openjdk',
    file: /^java$/,
    family: 'java',
    patterns: [
      given('openjdk', near('java<0>', String.raw`java<0>\d[.0-9]*<0>(\d[^<0>]{1,64}_[^<0>]{1,64}-[^<0>]{1,64})<0>`, { after: 240 })),
      near('<0>openjdk<0>java', String.raw`<0>\d[.0-9]{0,16}<0>{1,16}(\d[^<0>]{1,64}_[^<0>]{1,64}-[^<0>]{1,64})<0>{1,16}openjdk<0>java`, { before: 240 }),
    ],
    purl: ORACLE('openjdk'),
  },
  {
    name: 'openjdk',
    file: /^(?:java|jdb)$/,
    family: 'java',
    patterns: [
      near('<0>openjdk<0>java<0>', String.raw`<0>openjdk<0>java<0>\d[.0-9]{0,16}<0>(\d[^<0>]{1,64})<0>`),
      near('<0>openjdk<0>java', String.raw`<0>\d[.0-9]{0,16}<0>{1,16}(\d[^<0>]{1,64})<0>{1,16}openjdk<0>java`, { before: 128 }),
    ],
    purl: ORACLE('openjdk'),
  },
  {
    name: 'java',
    file: /^java$/,
    family: 'java',
    path: /\/ibm\//,
    patterns: [near('<0>java<0>', String.raw`<0>java<0>+\d[.0-9]+<0>+(\d[-._a-zA-Z0-9]+)<0>`)],
    purl: { type: 'generic', namespace: 'ibm', name: 'java' },
  },
  {
    name: 'jre',
    file: /^java$/,
    family: 'java',
    patterns: [given('openjdk', anywhere(String.raw`<0>(\d[.0-9]{1,32}\+[-0-9]{1,32})<0>`))],
    purl: ORACLE('jre'),
  },
  { name: 'jre', file: /^java$/, family: 'java', patterns: [anywhere(String.raw`<0>(\d+\.\d+\.[-._+a-zA-Z0-9]{1,64})<0>`)], purl: ORACLE('jre') },
  {
    name: 'openjdk',
    file: /^jdb$/,
    family: 'java',
    patterns: [given('openjdk', anywhere(String.raw`<0>(\d+\.\d+\.\d+(?:\+\d+)?[-._a-zA-Z0-9]{0,64})<0>`))],
    purl: ORACLE('openjdk'),
  },
  { name: 'jdk', file: /^jdb$/, family: 'java', patterns: [anywhere(String.raw`<0>(\d+\.\d+\.\d+(?:\+\d+)?[-._a-zA-Z0-9]{0,64})<0>`)], purl: ORACLE('jdk') },
];

/** Programs and libraries hold the whole version between zeros, and the name of the file says how it begins. */
function pythonPatterns(version: string): Pattern[] {
  return [near(`<0>${version}`, `<0>(${version.replaceAll('.', '\\.')}[-._a-zA-Z0-9]{0,32})<0>`, { before: 0, after: 40 })];
}
