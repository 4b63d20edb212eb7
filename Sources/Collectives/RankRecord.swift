import Foundation

/// What a rank leaves about itself in a run's folder, as `ranks/RANK`, for those who can no longer ask it.
package struct RankRecord: Codable, Equatable, Sendable {
  package var rank: Int
  package var host: String
  package var pid: Int32
  /// The step that it takes, counted from 1; 0: none yet.
  package var step: Int
  /// What the last collective that it began is for.
  package var collective: String
  /// How many collectives it has begun.
  package var number: UInt64
  /// Whether it waits in that collective; false: it is at work after it.
  package var waiting: Bool
  /// For how long it has been so.
  package var seconds: Double

  /// How old the record is, in seconds by the file system's clock; nil: not known. Not in the file.
  package var age: Double?

  private enum CodingKeys: CodingKey { case rank, host, pid, step, collective, number, waiting, seconds }

  package init(
    rank: Int, host: String, pid: Int32, step: Int, place: CollectivePlace, seconds: Double,
    age: Double? = nil
  ) {
    self.rank = rank
    self.host = host
    self.pid = pid
    self.step = step
    collective = place.purpose.name
    number = place.number
    waiting = place.isWaiting
    self.seconds = seconds
    self.age = age
  }
}

/// The folder of all ranks' records. Whatever cannot be written or read there is left out: a record may help, and never
/// hinders.
package struct RankRecords: Sendable {
  let folder: String

  package init(folder: String) { self.folder = folder }

  /// Makes the folder, empty of what earlier jobs left.
  package func prepare() {
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    clear()
  }

  /// Removes what earlier jobs left.
  func clear() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where Int(name) != nil {
      unlink("\(folder)/\(name)")
    }
  }

  /// Only where the folder is: a rank whose host does not see the run's does not make one of its own.
  func write(_ record: RankRecord) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(record) else { return }
    let aside = "\(folder)/.\(record.rank)"
    guard (try? (data + Data("\n".utf8)).write(to: URL(fileURLWithPath: aside))) != nil else { return }
    rename(aside, "\(folder)/\(record.rank)")
  }

  /// The records that are there, by rank, with their ages beside that of rank `own`, which has just been written.
  func read(ranks: Int, own: Int) -> [Int: RankRecord] {
    guard let now = time(of: own) else { return [:] }
    var records: [Int: RankRecord] = [:]
    for rank in 0..<ranks {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(rank)"),
        var record = try? JSONDecoder().decode(RankRecord.self, from: data)
      else { continue }
      record.age = time(of: rank).map { max(0, now - $0) }
      records[rank] = record
    }
    return records
  }

  /// When a rank's record was written, in seconds since 1970 by the file system's clock.
  private func time(of rank: Int) -> Double? {
    var status = stat()
    guard stat("\(folder)/\(rank)", &status) == 0 else { return nil }
    return Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
  }
}
