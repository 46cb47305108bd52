{{- define "assay.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "assay.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "assay.labels" -}}
{{ include "assay.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "assay.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "assay.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* A tag can be moved to another image; what guards a cluster is named by its content. */}}
{{- define "assay.image" -}}
{{- if or (not .Values.image.repository) (not .Values.image.digest) -}}
{{- fail "image.repository and image.digest are needed: `npm run image -- --output REGISTRY/assay --chart FILE.tgz` pushes the image and writes a chart that names both; for an image that is there already, `assay crane digest REGISTRY/assay:VERSION` prints its digest" -}}
{{- end -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- end -}}

{{/* Where the API server calls: the service, whose certificate Assay makes and registers itself, or a URL. */}}
{{- define "assay.clientConfig" -}}
{{- $values := .root.Values -}}
clientConfig:
  {{- if $values.webhook.url }}
  url: {{ printf "%s%s" (trimSuffix "/" $values.webhook.url) .path }}
  {{- else }}
  service:
    name: {{ $values.service.name }}
    namespace: {{ .root.Release.Namespace }}
    port: 443
    path: {{ .path }}
  {{- end }}
  {{- with $values.webhook.caBundle }}
  {{- if not $values.webhook.url }}
  {{- fail "webhook.caBundle goes with webhook.url: within the cluster Assay makes its certificate, and says itself who vouches for it" }}
  {{- end }}
  caBundle: {{ b64enc . }}
  {{- end }}
{{- end -}}

{{/* The arguments that do not depend on where Assay runs. */}}
{{- define "assay.arguments" -}}
- --service-name={{ .Values.service.name }}
- --webhook-name={{ .Values.webhook.name }}
- --mutating-webhook-name={{ .Values.webhook.mutatingName }}
- --validating-webhook-name={{ .Values.webhook.validatingName }}
- --defaulting-webhook-name={{ .Values.webhook.defaultingName }}
- --cache-ttl={{ .Values.cache.ttl }}
- --cache-size={{ int .Values.cache.size }}
- --policy-resync-period={{ .Values.resync.policies }}
- --trustroot-resync-period={{ .Values.resync.trustRoots }}
{{- if .Values.tuf.disabled }}
- --disable-tuf
{{- end }}
{{- with .Values.tuf.mirror }}
- --tuf-mirror={{ . }}
{{- end }}
{{- if .Values.kyverno.enabled }}
- --kyverno
{{- with .Values.kyverno.exceptionNamespace }}
- --kyverno-exceptions={{ . }}
{{- end }}
{{- end }}
{{- if .Values.policyReports.enabled }}
- --policy-reports
{{- end }}
- --log-level={{ .Values.logLevel }}
{{- end -}}
