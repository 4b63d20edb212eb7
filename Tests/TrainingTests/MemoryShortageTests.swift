import Collectives
import Machine
import Provenance
import Testing

@testable import Training

@Suite struct MemoryShortageTests {
  private static func hosts(
    _ names: [String] = ["n1", "n1"], _ change: (inout Environment.Memory) -> Void
  ) -> [Environment] {
    names.map { name in
      var environment = Environment.current(.alone(), threads: 1)
      environment.host = name
      environment.memory.total = 64_000_000_000
      environment.memory.available = 60_000_000_000
      environment.memory.swap = 0
      environment.memory.limit = nil
      change(&environment.memory)
      return environment
    }
  }

  private static func shortage(_ bytes: Double, _ environments: [Environment]) -> MemoryShortage? {
    MemoryShortage(
      bytes: bytes, environments, environments.map { _ in MemoryShortage.Holding(space: nil, resident: 0) })
  }

  @Test func ranksOfAHostShareItsMemory() throws {
    #expect(Self.shortage(29e9, Self.hosts { _ in }) == nil)
    let short = try #require(Self.shortage(31e9, Self.hosts { _ in }))
    #expect(!short.isCertain)
    #expect(
      short.description
        == "this run needs about 31.0 GB of memory a rank, and n1 has 60.0 GB left now for 2 ranks: if that "
        + "stays so, the system ends it in the middle of training; end other programs, or take a smaller "
        + "batch.global or network, batch.micro or memory.recompute=true")
    #expect(Self.shortage(31e9, Self.hosts(["n1", "n2"]) { _ in }) == nil)
  }

  /// 1.28 million of 512 numbers are 2.6 GB: once among the ranks, and once more on rank 0 where it gathers them.
  @Test func featuresHaveToFit() throws {
    func shortage(gathered: Bool, _ environments: [Environment]) -> FeatureMemoryShortage? {
      FeatureMemoryShortage(images: 1_280_000, dimension: 512, isGathered: gathered, environments)
    }
    let small = Self.hosts { $0.total = 4_000_000_000 }
    #expect(shortage(gathered: false, small) == nil)
    #expect(
      try #require(shortage(gathered: true, small)).description
        == "the features of 1280000 images, 512 numbers each, need about 5.2 GB of memory, and n1 has 4.0 GB: use "
        + "a machine with more, or fewer images")
    #expect(shortage(gathered: true, Self.hosts(["n1", "n2"]) { $0.total = 4_000_000_000 }) == nil)
    #expect(shortage(gathered: false, Self.hosts { $0.limit = 2_000_000_000 })?.there == 2e9)
  }

  /// An estimate may be a quarter too high.
  @Test func onlyWhatIsFarBeyondAMachineIsCertain() throws {
    let one = Self.hosts(["n1"]) { _ in }
    #expect(Self.shortage(79e9, one)?.isCertain == false)
    let short = try #require(Self.shortage(81e9, one))
    #expect(short.isCertain && short.problem.hasSuffix("and n1 has 64.0 GB"), "\(short)")
    #expect(Self.shortage(81e9, Self.hosts(["n1"]) { $0.swap = 32_000_000_000 })?.isCertain == false)
  }

  @Test func aControlGroupIsNamed() throws {
    let group = Self.hosts(["n1"]) { $0.limit = 2_000_000_000 }
    #expect(Self.shortage(1.9e9, group) == nil)
    #expect(Self.shortage(2.4e9, group)?.isCertain == false)
    let short = try #require(Self.shortage(2.6e9, group))
    #expect(short.isCertain && short.problem.contains("the control group of n1 allows 2.0 GB"), "\(short)")
  }

  @Test func addressesAreEachRanksOwn() throws {
    let space = try #require(
      AddressSpace(
        SystemFiles([
          "/proc/self/limits": "Max address space         2000000000           unlimited            bytes\n",
          "/proc/self/status": "VmSize:\t  1000000 kB\nVmRSS:\t  100000 kB\n",
        ])))
    func shortage(_ bytes: Double) -> MemoryShortage? {
      MemoryShortage(
        bytes: bytes, Self.hosts { _ in },
        [.init(space: nil, resident: 0), .init(space: space, resident: 102_400_000)])
    }
    #expect(shortage(0.7e9) == nil)
    #expect(shortage(0.9e9)?.isCertain == false)
    let short = try #require(shortage(1.4e9))
    #expect(short.isCertain)
    #expect(
      short.problem
        == "the address space is limited to 2.0 GB (ulimit -v; h_vmem or vmem in batch systems) on n1, and this "
        + "run needs about 2.4 GB")
  }
}
