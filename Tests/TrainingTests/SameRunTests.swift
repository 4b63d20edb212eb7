import Configurations
import Layers
import Testing

@testable import Training

/// What a run may go on from.
@Suite struct SameRunTests {
  static let tableItems = [
    "sluice=1 instruction_set=avx512",
    "rows=64 in=64x32x32 out=64 kernel=3 stride=1 padding=1 forward=direct backward_data=winograd",
  ]

  static func read(_ yaml: String) throws -> Configuration {
    try ConfigurationFile(yaml: yaml, path: "c.yaml").resolved(imageSize: 32)
  }

  @Test func aStateGoesOnWithItsOwnDataOnly() throws {
    var state = TrainingState(step: 1, epoch: 0, imagesSeen: 8, seed: 0, configuration: "")
    // Older checkpoints do not say.
    #expect(!String(decoding: state.encode(), as: UTF8.self).contains("data_digest"))
    try state.requireSameData(as: "abc", in: "runs/a")
    state.dataDigest = "abcdefabcdefabcdef"
    #expect(try TrainingState(state.encode(), path: "state.json") == state)
    try state.requireSameData(as: "abcdefabcdefabcdef", in: "runs/a")
    for (digest, shown) in [("0123456789abcdef", "0123456789ab"), (nil, "none")] {
      let error = #expect(throws: RunError.self) { try state.requireSameData(as: digest, in: "runs/a") }
      #expect(
        error?.description.hasPrefix(
          "runs/a holds a run on different data (file list SHA-256 abcdefabcdef → \(shown)): ") == true)
    }
  }

  @Test func aRunWithAnotherTableIsRefused() throws {
    var old = try Self.read("data: {source: shapes}")
    old.kernels = .table(try KernelTable(items: Self.tableItems))
    var new = old
    try new.requireSameResult(as: old, in: "runs/a")
    new.kernels = .table(
      try KernelTable(items: [
        Self.tableItems[0], Self.tableItems[1].replacing("forward=direct", with: "forward=winograd"),
      ]))
    let error = #expect(throws: RunError.self) { try new.requireSameResult(as: old, in: "runs/a") }
    #expect(
      error.map { "\($0)" }?.contains(
        /\(kernels: table [0-9a-f]{8} of 1 convolutions → table [0-9a-f]{8} of 1 convolutions\)/) == true)
  }
}
