import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct Doctoring {
    @Test(arguments: [1, 2]) func printsOneObject(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let output = try Program.run(["doctor", "--json", "--run", folder.path], ranks: ranks)
        let object = try output.object()
        func section(_ key: String) throws -> [String: Any] {
          try #require(object[key] as? [String: Any], "\(key)")
        }
        #expect(try section("mpi")["library"] is String)
        #expect(try section("mpi")["world_size"] as? Int == ranks)
        #expect((try section("mpi")["thread_level"] is String) == (ranks > 1))
        #expect(try section("blas")["library"] as? String != "")
        #expect(try section("blas")["core"] is String)
        #expect(try section("onednn")["version"] is String)
        #expect(try section("onednn")["winograd"] is Bool)
        #expect(try section("cpu")["cores"] as? Int ?? 0 > 0)
        #expect(try section("cpu")["instruction_set"] is String)
        #expect(try section("threads")["count"] as? Int ?? 0 > 0)
        #expect(try section("threads")["affinity"] is String)
        #expect(try section("memory")["total"] is Int)
        #expect(try section("limits").count == 5)
        #expect(try section("file_system")["folder"] as? String == folder.path)
        #expect((object["ranks"] as? [[String: Any]])?.count == ranks)
        #expect((object["barrier_seconds"] is Double) == (ranks > 1))
        let findings = try #require(object["findings"] as? [[String: String]])
        for finding in findings { #expect(Set(finding.keys) == ["severity", "problem", "advice"]) }
        #expect(output.status == (findings.contains { $0["severity"] == "wrong" } ? 1 : 0))
      }
    }

    @Test func limitedAddressesAreNamed() throws {
      try withTemporaryFolder { folder in
        let job = try Job(["doctor", "--run", folder.path], after: "ulimit -v 524288")
        let output = try job.wait()
        #expect(output.result.contains("limits        address space 512 MiB, locked memory"), "\(output)")
        #expect(output.result.contains("RISK   the address space of a process is limited to 512 MiB"))
        let object = try Job(["doctor", "--json", "--run", folder.path], after: "ulimit -v 524288").wait()
          .object()
        #expect((object["limits"] as? [String: Any])?["address_space"] as? Int == 512 << 20)
      }
    }

    @Test func aFolderThatCannotBeWrittenIsWrong() throws {
      for ranks in [1, 2] {
        let output = try Program.run(["doctor", "--run", "/proc/runs"], ranks: ranks)
        #expect(output.status == 1)
        #expect(output.result.contains("WRONG  checkpoints cannot be written to /proc/runs"))
        #expect(output.result.components(separatedBy: "Findings").count == 2)
        #expect(output.lines.filter { $0.hasPrefix("sluice") } == [])
      }
    }
  }
}
