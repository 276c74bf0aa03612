group "default" { targets = ["registry","image-push","image","oci","docker","local","tar","cacheonly","several","none","string", "stdout", "named"] }
target "registry" { 
 tags=["r.example/registry:1"]
 output=["type=registry"] 
}
target "image-push" { 
 tags=["r.example/image-push:1"]
 output=["type=image,push=true"] 
}
target "image" { 
 tags=["r.example/image:1"]
 output=["type=image"] 
}
target "oci" { 
 tags=["r.example/oci:1"]
 output=["type=oci,dest=out.tar"] 
}
target "docker" { 
 tags=["r.example/docker:1"]
 output=["type=docker"] 
}
target "local" { 
 tags=["r.example/local:1"]
 output=["type=local,dest=out"] 
}
target "tar" { 
 tags=["r.example/tar:1"]
 output=["type=tar,dest=out.tar"] 
}
target "cacheonly" { 
 tags=["r.example/cacheonly:1"]
 output=["type=cacheonly"] 
}
target "several" { 
 tags=["r.example/several:1"]
 output=["type=docker", {type="image", push="true"}] 
}
target "none" { 
 tags=["r.example/none:1"]
}
target "string" { 
 tags=["r.example/string:1"]
 output=["./out"] 
}
target "stdout" { 
 tags=["r.example/stdout:1"]
 output=["-"] 
}
target "named" { 
 output=["type=image,\"name=r.example/named:1,r.example/named:2\",push=true"]
}
