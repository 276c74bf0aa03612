import { execFileSync } from "node:child_process";

const socket = `unix://${process.env.BUILDKIT_SOCKET}`;
const name = `of-job-${process.pid}`; // two jobs may share a machine here
execFileSync("docker", ["buildx", "create", "--name", name, "--driver", "remote", "--use", "--bootstrap", socket], {
  stdio: "inherit",
});
