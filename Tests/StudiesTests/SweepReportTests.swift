import Foundation
import Foundations
import Testing

@testable import Studies

/// The table that a sweep ends with.
@Suite struct SweepReportTests {
  private static let rows = [
    SweepReport.Row(target: 0.3, seed: 1, macsShare: 0.31, knn: 60, linear: 70, seconds: 100),
    SweepReport.Row(target: 0.3, seed: 2, macsShare: 0.29, knn: 62, linear: 72, seconds: 200),
    SweepReport.Row(target: 1, seed: 1, macsShare: 1, knn: 63, linear: 71, seconds: 90),
  ]

  @Test func budgetsAreComparedWithTheDenseNetwork() {
    let report = SweepReport(Self.rows, targets: [0.3, 1])
    #expect(
      report.text.split(separator: "\n").map(String.init) == [
        "target  runs   MACs in %   saved     k-NN in %  to dense   linear in %  to dense        time",
        "0.30       2  30.0 ± 1.4  70.0 %  61.00 ± 1.41     −2.00  71.00 ± 1.41     +0.00  2 min 30 s",
        "dense      1       100.0   0.0 %         63.00                   71.00            1 min 30 s",
        "mean ± standard deviation over seeds",
      ])
    let json = report.json
    let rows = json["rows"]?.elements ?? []
    #expect(rows.count == 3)
    for (key, value) in [
      "target": 0.3, "seed": 1, "macs_share": 0.31, "knn": 60, "linear": 70, "seconds": 100,
    ] {
      #expect(rows.first?[key]?.double == value, "\(key)")
    }
    let target = json["targets"]?.elements?.first
    #expect(target?["knn"]?["mean"]?.double == 61 && target?["knn_to_dense"]?.double == -2)
    #expect(abs((target?["reduction"]?.double ?? 0) - 0.7) < 1e-12)
    let lines = report.csv.split(separator: "\n").map(String.init)
    #expect(lines[0] == "target,seed,path,state,macs_share,knn,nearest,linear,seconds")
    #expect(lines[1] == "0.3,1,,finished,0.31,60.0,,70.0,100.0")
  }

  /// What is not there is no zero.
  @Test func whatWasNotMeasuredIsLeftOpen() {
    let report = SweepReport(
      [
        SweepReport.Row(target: 0.3, seed: 1, macsShare: 0.3),
        SweepReport.Row(target: 1, seed: 1, macsShare: 1),
      ],
      targets: [0.3, 1])
    #expect(!report.text.contains("linear") && !report.text.contains("±"))
    #expect(report.json["rows"]?.elements?[0]["knn"] == .null)
    #expect(report.text.split(separator: "\n")[1].contains("–"))
  }

  @Test func withoutDenseNothingIsCompared() {
    #expect(!SweepReport(Array(Self.rows.prefix(2)), targets: [0.3]).text.contains("to dense"))
  }
}
