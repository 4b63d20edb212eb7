import Foundation
import Machine
import Testing

@Suite struct AddressSpaceTests {
  private static let unlimited = """
    Limit                     Soft Limit           Hard Limit           Units
    Max data size             unlimited            unlimited            bytes
    Max address space         unlimited            unlimited            bytes
    """
  private static let status = "VmPeak:\t  900000 kB\nVmSize:\t  200000 kB\nVmData:\t  100000 kB\n"

  private static func space(_ change: (inout [String: String]) -> Void) -> AddressSpace? {
    var files = ["/proc/self/limits": unlimited, "/proc/self/status": status]
    change(&files)
    return AddressSpace(SystemFiles(files))
  }

  private static func limits(_ name: String, _ bytes: Int) -> String {
    unlimited.replacingOccurrences(of: "\(name) unlimited   ", with: "\(name) \(bytes)")
  }

  @Test func withoutALimitThereIsNone() {
    #expect(Self.space { _ in } == nil)
    #expect(Self.space { $0 = [:] } == nil)
    #expect(Self.space { $0["/proc/sys/vm/overcommit_memory"] = "0\n" } == nil)
  }

  @Test func aLimitOnAddressesCountsAll() throws {
    let space = try #require(
      Self.space { $0["/proc/self/limits"] = Self.limits("Max address space        ", 1_000_000_000) })
    #expect(space.limit == 1_000_000_000 && space.used == 204_800_000)
    #expect(
      space.words == "the address space is limited to 1.0 GB (ulimit -v; h_vmem or vmem in batch systems)")
    // 64 MiB stay for others.
    #expect(space.least(with: 1) == 204_800_001 + 64 << 20)
    #expect(space.holds(1_000_000_000 - 204_800_000 - 64 << 20))
    #expect(!space.holds(1_000_000_001 - 204_800_000 - 64 << 20))
  }

  @Test func aLimitOnDataCountsWhatMayBeWritten() throws {
    let space = try #require(
      Self.space { $0["/proc/self/limits"] = Self.limits("Max data size            ", 500_000_000) })
    #expect(space.limit == 500_000_000 && space.used == 102_400_000)
    #expect(space.words.contains("ulimit -d"))
  }

  @Test func theLimitThatLeavesLeastCounts() throws {
    let space = try #require(
      Self.space {
        $0["/proc/self/limits"] = Self.limits("Max address space        ", 1_000_000_000)
        $0["/proc/sys/vm/overcommit_memory"] = "2\n"
        $0["/proc/meminfo"] = "CommitLimit: 1000000 kB\nCommitted_AS: 900000 kB\n"
      })
    #expect(space.limit == 1_024_000_000 && space.used == 921_600_000)
    #expect(space.words.contains("vm.overcommit_memory is 2"))
  }
}
