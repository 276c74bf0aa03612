import { execFileSync } from "node:child_process";

const socket = `unix://${process.env.BUILDKIT_SOCKET}`;
execFileSync("docker", ["buildx", "create", "--name", "of-the-job", "--driver", "remote", "--use", "--bootstrap", socket], {
  stdio: "inherit",
});
