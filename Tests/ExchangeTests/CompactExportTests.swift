import Foundation
import Networks
import Pruning
import TestSupport
import Tensors
import Testing

@testable import Exchange

/// Pruned networks that are written without the channels that went.
@Suite struct CompactExportTests {
  private typealias Compacted = (
    backbone: any Backbone, compact: any Backbone, made: MadeBackbone, gateChannels: [[Int]]
  )

  /// What comes of two rounds.
  private static func pruned(_ made: MadeBackbone) -> Compacted {
    let backbone = made.make(seed: 1)
    var mask = PruningMask(keepingAll: backbone.prunableParameters(includesStem: true))
    for number in 1...2 {
      mask = PruningRound(.filters, seed: 0, number: number).prune(mask, of: backbone)
    }
    mask.apply(to: backbone)
    return compacted(backbone, made)
  }

  private static func compacted(_ backbone: any Backbone, _ made: MadeBackbone) -> Compacted {
    let compaction = Compaction(of: backbone)
    var small = made
    small.innerChannels = compaction.innerChannels
    let compact = small.make(seed: 2)
    compaction.copy(backbone, into: compact)
    return (backbone, compact, small, compaction.gateChannels)
  }

  private static func export(
    _ backbone: any Backbone, _ compact: any Backbone, _ made: MadeBackbone, _ gateChannels: [[Int]]
  ) throws -> BackboneExport {
    try BackboneExport(
      compact, of: .init(backbone, gateChannels: gateChannels, metadata: [:]), copy: { made.make(seed: 3) },
      metadata: [:], pool: MadeBackbone.pool)
  }

  @Test(arguments: MadeBackbone.all, ExportFormat.allCases)
  func givesTheFeaturesOfThePrunedNetwork(_ made: MadeBackbone, _ format: ExportFormat) throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("compact.\(format)").path
      let (backbone, compact, small, gateChannels) = Self.pruned(made)
      let report = try Self.export(backbone, compact, small, gateChannels).write(to: path, as: format)
      #expect(report.agreement.largestDifference < 2e-6 && report.agreement.undecided == 0)
      let gain = try #require(report.compaction)
      #expect(gain.innerChannels == small.innerChannels && gain.before.macs > gain.after.macs)
      #expect(gain.after.bytes == report.bytes)
      #expect(
        gain.before.bytes - gain.after.bytes >= 4 * (gain.before.parameters - gain.after.parameters))
      let whole = try BackboneExport(
        backbone, copy: { made.make(seed: 3) }, metadata: [:], pool: MadeBackbone.pool
      ).write(to: path, as: format)
      #expect(whole.bytes == gain.before.bytes && whole.compaction == nil)
    }
  }

  /// Of rare channels, too: they count as closed, and a file in which they are open is not written.
  @Test(arguments: ExportFormat.allCases)
  func givesTheFeaturesOfTheNetworkWithRareChannelsClosed(_ format: ExportFormat) throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("slim.\(format)").path
      let made = MadeBackbone(depth: 50)
      let (whole, closed) = (made.make(seed: 1), made.make(seed: 1))
      let all = Compaction(of: whole).gateChannels
      // Each channel open on as many images as its number says: the first three of each gate go.
      let rare = RareChannels(among: all, openImages: all, of: 100, below: 0.03)
      rare.close(in: closed)
      let (_, compact, small, gateChannels) = Self.compacted(closed, made)
      let report = try Self.export(closed, compact, small, gateChannels).write(
        to: path, as: format)
      #expect(report.agreement.largestDifference < 2e-6 && report.agreement.undecided == 0)
      #expect(report.compaction?.innerChannels == all.map { $0.count - 3 })
      #expect(throws: ExportError.self) {
        try Self.export(whole, compact, small, gateChannels).write(to: path, as: format)
      }
    }
  }

  @Test func aWrongNetworkIsNotWritten() throws {
    try withTemporaryFolder { folder in
      let (backbone, compact, small, gateChannels) = Self.pruned(MadeBackbone(gated: false))
      compact.batchNorms[3].runningMean[0] += 0.1
      let export = try Self.export(backbone, compact, small, gateChannels)
      #expect(throws: ExportError.self) {
        try export.write(to: folder.appendingPathComponent("x.onnx").path, as: .onnx)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }
  }

  /// Of one that is whole what to set is said, of another network more than that.
  @Test func aNetworkThatTheFileDoesNotFitIsToldItsChannels() throws {
    let (_, compact, small, _) = Self.pruned(MadeBackbone())
    let file = try BackboneInFileTests.file(compact, prefix: "backbone.")
    #expect(
      BackboneInFileTests.problem(file, for: MadeBackbone())
        .hasSuffix(": set network.inner_channels to \(small.innerChannels!)"))
    #expect(BackboneInFileTests.problem(file, for: small) == "")
    for other in [MadeBackbone(width: 16), MadeBackbone(depth: 34), MadeBackbone(gated: false)] {
      #expect(BackboneInFileTests.problem(file, for: other).contains(": choose network.family, "))
    }
  }
}
