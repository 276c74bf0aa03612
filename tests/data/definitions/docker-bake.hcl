variable "REGISTRY" { default = "registry.example.com" }
group "default" { targets = ["web", "workers"] }
group "workers" { targets = ["worker"] }
group "all" { targets = ["default", "tools"] }
target "_common" {
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=provenance,mode=max", "type=sbom"]
}
target "web" {
  inherits = ["_common"]
  tags     = ["${REGISTRY}/web:1.4", "${REGISTRY}/web:latest"]
}
target "worker" {
  inherits = ["_common"]
  name     = "worker-${item.os}-${replace(item.version, ".", "-")}"
  matrix   = { item = [{ os = "alpine", version = "3.20" }, { os = "debian", version = "12" }] }
  tags     = ["${REGISTRY}/worker:${item.os}${item.version}"]
  attest   = ["type=provenance,disabled=true"]
}
target "tools" {
  tags   = ["${REGISTRY}/tools:1.4"]
  contexts = { base = "target:base" }
}
target "base" { dockerfile-inline = "FROM scratch" }
