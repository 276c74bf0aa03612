# Two images, of which one has a label more.
target "api" {}
target "worker" {
  labels = { "of" = "worker" }
}
