import Foundations
import Metrics

extension ReportRun {
  /// What each rank spent on a step, the slowest first; nil for a run on one rank.
  var rankSection: ReportSection? {
    guard let last = rankTimes.last else { return nil }
    let hosts = last.ranks.map(\.host)
    // Other ranks, or others' hosts, are those of an earlier session.
    let records = Array(rankTimes.reversed().prefix { $0.ranks.map(\.host) == hosts })
    let mean = Self.mean(of: records)
    let order = mean.slowestFirst
    let shown = order.prefix(DataTable.mostRows)
    let rows = shown.map { rank -> [Markup] in
      let times = mean.ranks[rank]
      let isSlowest = rank == order[0]
      let mark: Markup = isSlowest ? "<b>\(rank), the slowest</b>" : "\(rank)"
      let slow = records.count { $0.slowRanks.contains(rank) }
      return [
        mark, "\(times.host)", Self.milliseconds(times.work), Self.milliseconds(times.data),
        Self.milliseconds(times.wait),
        Self.share(times.work / mean.medianWork - 1),
        "\(slow) of \(records.count)",
      ]
    }
    let rest =
      shown.count < order.count ? " The \(shown.count) slowest of \(grouped(order.count)) ranks." : ""
    return ReportSection(
      title: "Ranks",
      text: """
        Milliseconds a step, over \(grouped(mean.steps)) steps up to step \(grouped(mean.step)). All ranks wait for the one \
        with the most work of its own; one is slow where that is 20 % more than the median rank’s.\(rest)
        """,
      rest: DataTable(
        columns: [
          .init(title: "Rank", isNumber: false), .init(title: "Host", isNumber: false),
          .init(title: "Own work"), .init(title: "of it waiting for images"), .init(title: "In collectives"),
          .init(title: "Own work over the median’s"), .init(title: "Slow in stretches"),
        ], rows: rows
      ).markup)
  }

  /// - Parameter records: Of the same ranks, the newest first; one at least.
  private static func mean(of records: [RankTimesRecord]) -> RankTimesRecord {
    let steps = records.reduce(0.0) { $0 + Double($1.steps) }
    func mean(_ rank: Int, _ part: (RankTimesRecord.Rank) -> Double) -> Double {
      records.reduce(0) { $0 + part($1.ranks[rank]) * Double($1.steps) / steps }
    }
    return RankTimesRecord(
      step: records[0].step, steps: Int(min(steps, Double(Int.largestCount))),
      ranks: records[0].ranks.indices.map { rank in
        .init(
          host: records[0].ranks[rank].host, work: mean(rank, \.work), data: mean(rank, \.data),
          wait: mean(rank, \.wait))
      })
  }

  private static func share(_ share: Double) -> Markup {
    share.isFinite ? "\(NumberText.percent(share).replacing("-", with: "−"))" : "–"
  }

  private static func milliseconds(_ seconds: Double) -> Markup {
    "\(NumberText.short((10_000 * seconds).rounded() / 10))"
  }
}
