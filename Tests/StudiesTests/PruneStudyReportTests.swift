import Foundations
import Layers
@testable import Pruning
import Testing

@testable import Studies

/// The tables and figures of a study of pruning.
@Suite struct PruneStudyReportTests {
  private static func row(
    _ source: MaskSource, _ seed: UInt64, _ round: Int, _ top1: Double?,
    _ schedule: TrainingSchedule = .configured
  ) -> PruneStudyReport.Row {
    .init(
      source: source, seed: seed, round: round, schedule: schedule, path: "p", share: round == 0 ? 1 : 0.64,
      sparseMACsShare: round == 0 ? 1 : 0.7,
      top1: top1, knn: top1, macsShare: 1, seconds: 60)
  }

  private static func mask(_ kept: [Bool]) -> PruningMask {
    PruningMask([
      .init(name: "conv1.weight", shape: [4], mask: WeightMask(kept)),
      .init(name: "conv2.weight", shape: [4], mask: WeightMask(kept.reversed())),
    ])
  }

  private static let report: PruneStudyReport = {
    let overlap = mask([true, true, false, false]).overlap(with: mask([false, true, true, false]))
    let pair = [MaskSource.labels, .training(.rotnet)]
    return PruneStudyReport(
      rounds: [0, 2], sources: [.labels, .training(.rotnet), .random], schedules: [.configured],
      criterion: .magnitude, transferName: "cifar100",
      rows: [
        row(.labels, 1, 0, 60), row(.labels, 1, 2, 50), row(.random, 1, 2, 40),
        row(.training(.rotnet), 1, 0, 59), row(.training(.rotnet), 1, 2, 49),
        row(.labels, 2, 0, 62), row(.labels, 2, 2, 52), row(.random, 2, 2, nil),
        row(.training(.rotnet), 2, 0, nil), row(.training(.rotnet), 2, 2, nil),
      ],
      transfers: [
        .init(source: .training(.rotnet), seed: 1, round: 0, share: 1, layer: "layer1", top1: 20),
        .init(source: .training(.rotnet), seed: 2, round: 0, share: 1, layer: "layer1", top1: 22),
        .init(source: .training(.rotnet), seed: 1, round: 2, share: 0.64, layer: "layer1", top1: 18),
      ],
      overlaps: [nil, "conv1.weight", "conv2.weight"].map {
        .init(sources: pair, seed: 1, round: 2, layer: $0, overlap: overlap)
      })
  }()

  @Test func tablesGoByTheWeightsThatRemain() {
    #expect(
      Self.report.text == """
        re-trained on labels: top-1 in %, by weights that remain
        masks from       100.0 %      64.0 %        time
        labels        61.0 ± 1.4  51.0 ± 1.4  1 min 00 s
        rotnet              59.0        49.0  1 min 00 s
        random                 –        40.0  1 min 00 s
        MACs of them     100.0 %      70.0 %

        linear classifiers on frozen features, cifar100: top-1 in %
        network  layer      100.0 %  64.0 %
        rotnet   layer1  21.0 ± 1.4    18.0

        weights that masks share: intersection over union in %, in brackets by chance
        masks of        100.0 %       64.0 %
        labels, rotnet        –  33.3 (33.3)

        mean ± standard deviation over seeds; time of one re-training

        Zeros are multiplied like other weights: no speed-up on this machine.

        3 networks are not re-trained yet
        """)
  }

  @Test func schedulesHaveRowsOfTheirOwn() throws {
    let other = try #require(TrainingSchedule("epochs=9"))
    let report = PruneStudyReport(
      rounds: [0], sources: [.labels], schedules: [.configured, other], criterion: .magnitude,
      transferName: nil,
      rows: [Self.row(.labels, 1, 0, 60), Self.row(.labels, 1, 0, 70, other)], transfers: [], overlaps: [])
    let lines = report.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines[2].starts(with: ["labels", "configured", "60.0"]))
    #expect(lines[3].starts(with: ["labels", "epochs=9", "70.0"]))
  }

  @Test func whatScriptsRead() {
    let json = Self.report.json
    let first = json["retrained"]?.elements?.first
    #expect(first?["source"]?.string == "labels" && first?["share"]?.double == 1)
    #expect(first?["top1"]?.double == 60 && first?["schedule"]?.string == "configured")
    #expect(json["retrained"]?.elements?[7]["top1"] == .null)
    #expect(json["transfer"]?.elements?.last?["top1"]?.double == 18)
    #expect(json["overlap"]?.elements?[1]["layer"]?.string == "conv1.weight")
    #expect(json["overlap"]?.elements?[0]["chance"]?.double == 1.0 / 3)
  }

  @Test func thePageShowsThePapersFigures() {
    let html = PruneStudyPage(Self.report, madeAt: "now").html
    for text in [
      "Accuracy on labels", "Network of rotnet", "Transfer to cifar100", "Masks that keep 64 %", "by chance",
      "conv2.weight", ">64<", "Made by sluice prune-study, now.",
    ] {
      #expect(html.contains(text), "\(text)")
    }
    #expect(!html.contains("Network of labels"), "nothing was measured of it")
    #expect(html.contains("class=\"shade f0\""), "seeds spread")
  }
}
