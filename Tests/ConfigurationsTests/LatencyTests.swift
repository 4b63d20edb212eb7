import Foundation
import TestSupport
import Testing

@testable import Configurations

/// A budget in milliseconds: the target, the table of what channels take, and how both fit the network.
@Suite struct LatencyTests {
  private static let network = "{data: {source: shapes}, network: {width: 8, stem: cifar, stem_padding: 1}}"

  /// Every channel of a ResNet-18 of width 8 takes 2 µs: an image from 100 to 100 + 2·240 µs.
  private static let items =
    [
      "family=resnet depth=18 width=8 input_size=32 dense_macs=8871936 group=1",
      "batch=4 threads=1 dense=600.0 fixed=100.0",
    ]
    + zip([8, 16, 32, 64], 1...4).flatMap { channels, stage in
      (0...1).map { "gate=layer\(stage).\($0).gate channels=\(channels) open_channel=2.0" }
    }

  private static func file(_ settings: [String]) throws -> ConfigurationFile {
    try ConfigurationFile(yaml: network, path: "c.yaml", settings: settings)
  }

  private static func read(_ settings: String...) throws -> Configuration {
    try file(settings).resolved(imageSize: 32)
  }

  /// With a table of these items in a file.
  private static func configuration(_ items: [String] = items, _ settings: String...) throws -> Configuration
  {
    try withTemporaryFolder { folder in
      let path = folder.path + "/latency.yaml"
      try LatencyTable(items: items).write(to: path, comment: "measured: on a machine")
      return try file(["gates.latency_table=\(path)"] + settings).resolved(imageSize: 32)
    }
  }

  @Test(arguments: [
    ("0.25", GateTarget.share(0.25), "0.25"), ("1", .share(1), "1.0"),
    ("12ms", .latency(milliseconds: 12), "12ms"), ("0.3ms", .latency(milliseconds: 0.3), "0.3ms"),
    ("800us", .latency(milliseconds: 0.8), "0.8ms"),
  ])
  func targetsAreSharesOrTimes(text: String, target: GateTarget, printed: String) throws {
    for text in [text, printed] {
      let file = try Self.file(["gates.target=\(text)"])
      #expect(file.values.gates.target == target && file.yaml.contains("\n  target: \(printed)\n"))
    }
  }

  @Test(arguments: ["0ms", "-1ms", "ms", "12 ms", "1e400us", "12s", "12", "0", "12msms"])
  func otherTargetsAreRefused(text: String) {
    let error = #expect(throws: ConfigurationError.self) { try Self.file(["gates.target=\(text)"]) }
    #expect(
      error?.description
        == "--set gates.target=\(text): 'gates.target' must be a number above 0 and at most 1, or the "
        + "time of an image, for example 12ms or 800us, found '\(text)'")
  }

  @Test func aTableReadsBack() throws {
    let table = try LatencyTable(items: Self.items)
    #expect(table.items == Self.items)
    #expect(table.gates.count == 8 && table.cost.allOpen == 580 && table.dense == 600)
  }

  /// The target is a share of what opening every channel adds.
  @Test func theBudgetIsOfTheTablesTime() throws {
    let budget = try #require(try Self.configuration(Self.items, "gates.target=300us").budget)
    #expect(budget.target == 200 / 480.0)
    #expect(budget.latency == (try LatencyTable(items: Self.items)).cost)
    let usual = try #require(try Self.read().budget)
    #expect(usual.target == 0.5 && usual.latency == nil)
  }

  /// So that a checkpoint can be read, and a run gone on with, without the file; configurations without a target time say
  /// what they always said.
  @Test func theTableIsPartOfTheConfiguration() throws {
    let configuration = try Self.configuration(Self.items, "gates.target=0.3ms")
    for yaml in [configuration.resolvedYAML, configuration.decisiveYAML] {
      #expect(
        yaml.contains("\n  target: 0.3ms\n  latency_table:\n    - \(Self.items[0])\n    - \(Self.items[1])\n")
      )
      let again = try ConfigurationFile(yaml: yaml, path: "c.yaml").resolved(imageSize: 32)
      #expect(again == configuration)
    }
    let share = try Self.configuration(Self.items, "gates.target=0.3")
    #expect(share.gates.latencyTable == nil && !share.resolvedYAML.contains("latency_table"))
    #expect(
      configuration.differences(from: share).map(\.description) == [
        "gates.target: 0.3 → 0.3ms",
        "gates.latency_table: none → table \(try LatencyTable(items: Self.items).digest) of 8 gates",
      ])
  }

  /// Only where the target is a time: another run need not have the file.
  @Test func theFileIsReadWhereItIsNeeded() throws {
    _ = try Self.read("gates.latency_table=no/such.yaml")
    let error = #expect(throws: (any Error).self) {
      try Self.read("gates.latency_table=no/such.yaml", "gates.target=1ms")
    }
    #expect(error.map { "\($0)" } == "no/such.yaml: cannot be read: No such file or directory")
  }

  @Test(arguments: [
    ("", ":1: expected the list that 'sluice bench latency --write' writes"),
    ("- {a: 1}\n", ":1: expected a line of words like width=64"),
    (
      items.prefix(2).map { "- \($0)\n" }.joined(),
      ":2: this item is the last, and gates must follow it"
    ),
    (
      "# measured\n" + items.map { "- \($0)\n" }.joined().replacing("threads=1 ", with: ""),
      ":3: this item has no 'threads='"
    ),
    (
      items.map { "- \($0)\n" }.joined().replacing("fixed=100.0", with: "fixed=-1"),
      ":2: this item has '-1' for 'fixed', which must be a number of microseconds"
    ),
    (
      items.map { "- \($0)\n" }.joined().replacing("family=resnet", with: "family=net"),
      ":1: this item has 'family=net', and there is no such family of networks"
    ),
    (
      items.map { "- \($0)\n" }.joined().replacing("channels=64", with: "channels=64 channels=64"),
      ":9: this item gives 'channels' more than once"
    ),
    (
      items.map { "- \($0)\n" }.joined() + "- gate=a channels=1 open_channel=1 price=2\n",
      ":11: this item has 'price=', which means nothing there"
    ),
  ])
  func saysWhatIsWrongWithATable(text: String, message: String) throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/latency.yaml"
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: (any Error).self) {
        try Self.read("gates.latency_table=\(path)", "gates.target=1ms")
      }
      #expect(error.map { "\($0)" } == path + message)
    }
  }

  @Test(arguments: [
    (
      ["gates.target=0.1ms"],
      "gates.target 0.1ms is out of reach: by gates.latency_table an image takes 0.100 ms with every channel closed, and "
        + "no budget is needed above 0.580 ms"
    ),
    (
      ["gates.target=581us"],
      "gates.target 0.581ms is out of reach: by gates.latency_table an image takes 0.100 ms with every channel closed, and "
        + "no budget is needed above 0.580 ms"
    ),
    (
      ["gates.target=0.3ms", "network.width=16"],
      "gates.latency_table is of a ResNet-18 of width 8 at 32×32 with 8,871,936 dense MACs, and the network is a ResNet-18 of "
        + "width 16 at 32×32 with 35,045,376 dense MACs: measure this one with 'sluice bench latency'"
    ),
    (
      ["gates.target=0.3ms", "network.family=vgg", "network.depth=11"],
      "gates.latency_table is of a ResNet-18 of width 8 at 32×32 with 8,871,936 dense MACs, and the network is a VGG-11 of "
        + "width 8 at 32×32 with 2,580,480 dense MACs: measure this one with 'sluice bench latency'"
    ),
    (
      ["gates.target=0.3ms", "gates.latency_table=none"],
      "gates.target 0.3ms needs a table of what open channels take: measure it with 'sluice bench latency CONFIG --write "
        + "FILE', and set gates.latency_table to FILE"
    ),
  ])
  func saysWhyATimeCannotBeTheTarget(settings: [String], message: String) throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/latency.yaml"
      try LatencyTable(items: Self.items).write(to: path, comment: "measured")
      let error = #expect(throws: (any Error).self) {
        try Self.file(["gates.latency_table=\(path)"] + settings).resolved(imageSize: 32)
      }
      #expect(error.map { "\($0)" } == message)
    }
  }

  /// The dense network has no budget, so that it needs no table.
  @Test func theDenseNetworkNeedsNone() throws {
    #expect(try Self.read("gates.target=1ms", "gates.enabled=false").budget == nil)
  }
}
