import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// A file system without symbolic links, whose folders cannot be synchronised, like exFAT and some network and user
  /// space file systems: a library that is loaded before the system's stands in for it.
  @Suite(.enabled(if: Tool.isInstalled("clang"), "clang is not installed")) struct PlainFileSystem {
    private static let source = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <errno.h>
      #include <sys/stat.h>
      int symlink(const char *target, const char *path) {
        errno = EPERM;
        return -1;
      }
      int fsync(int file) {
        struct stat status;
        if (fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
          errno = EINVAL;
          return -1;
        }
        int (*const real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
        return real(file);
      }

      """

    @Test func aRunEndsWellAndItsLatestIsRead() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let environment = try Tool.preloading(Self.source, in: folder)
        let output = try Program.run(small.command("checkpoint.every=8"), environment: environment)
        #expect(output.status == 0 && output.warnings.isEmpty, "\(output)")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
        let latest = small.run.appendingPathComponent("checkpoints/latest")
        #expect(try String(contentsOf: latest, encoding: .utf8) == "step-00000020\n")

        let evaluated = try Program.run(
          words("evaluate knn --json --checkpoint \(latest.path) --data shapes:24x8"))
        #expect(evaluated.status == 0, "\(evaluated)")
        let expected = try Program.run(
          words("evaluate knn --json --checkpoint \(small.checkpoint(20).path) --data shapes:24x8"))
        #expect(try evaluated.object() as NSDictionary == expected.object() as NSDictionary)
        #expect(try Program.run(words("macs --checkpoint \(latest.path)")).status == 0)
        let resumed = try Program.run(
          ["pretrain", small.configuration.path, "--run", folder.path + "/other", "--resume", latest.path])
        #expect(resumed.status == 0, "\(resumed)")
      }
    }

    @Test func doctorSaysSo() throws {
      try withTemporaryFolder { folder in
        let output = try Program.run(
          ["doctor", "--json", "--run", folder.path],
          environment: try Tool.preloading(Self.source, in: folder))
        let system = try #require(try output.object()["file_system"] as? [String: Any])
        #expect(system["problem"] is NSNull || system["problem"] == nil)
        #expect(system["link_problem"] as? String == "links cannot be made: Operation not permitted")
        #expect(
          system["folder_sync_problem"] as? String == "fsync of a folder does not work: Invalid argument")
        let problems = (try output.object()["findings"] as? [[String: Any]])?.compactMap {
          $0["problem"] as? String
        }
        #expect(problems?.count { $0.hasPrefix("in \(folder.path) ") } == 2, "\(output)")
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
            "preloaded.c", "preloaded.so",
          ])
      }
    }
  }
}
