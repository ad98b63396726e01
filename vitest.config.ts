import { defineConfig } from "vitest/config";

/**
 * unit: no root, no kernel. kernel: network namespaces and eBPF, as root. e2e: the whole laboratory, told by a file.
 * control: the same, told by the manager. guest: eBPF and laboratory again on Debian's own kernel, in an emulated
 * machine, some four minutes. aws: the CloudFormation templates and the AMI's build, against an emulation of AWS. image:
 * the appliance's image, built, and booted in the laboratory. One after the other. Set-ups of all projects that run come
 * first: image is run by itself, so that its machine does not stand beside all the others.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line.ts"],
    projects: [
      {
        test: {
          name: "unit",
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ["src/**/*.test.ts", "packer/*.test.ts", "test/*.test.ts", "test/sim/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "kernel",
          sequence: { groupOrder: 1 },
          include: ["test/kernel/**/*.test.ts", "test/bpf/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          sequence: { groupOrder: 2 },
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/laboratory.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: "control",
          sequence: { groupOrder: 3 },
          include: ["test/control/**/*.test.ts"],
          globalSetup: ["test/e2e/laboratory.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: "guest",
          sequence: { groupOrder: 4 },
          include: ["test/guest/**/*.test.ts"],
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: "aws",
          sequence: { groupOrder: 5 },
          include: ["test/aws/**/*.test.ts"],
          // Whoever needs moto first makes it for the others.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: "image",
          sequence: { groupOrder: 6 },
          include: ["test/image/*.test.ts"],
          globalSetup: ["test/image/laboratory.ts"],
          fileParallelism: false,
          testTimeout: 1_800_000,
        },
      },
    ],
  },
});
