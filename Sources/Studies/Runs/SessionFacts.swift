import Foundation
import Foundations

/// What a list of runs tells of a session, read without the rest of `environment.json`: there may be thousands.
struct SessionFacts: Decodable, Sendable {
  let startedAt: String?
  /// The step after which the session was to end; older versions did not record it.
  let lastStep: Int?
  let ranks: Int?

  private enum CodingKeys: String, CodingKey {
    case startedAt = "started_at"
    case lastStep = "last_step"
    case ranks
  }

  init(from decoder: any Decoder) throws {
    let session = try decoder.container(keyedBy: CodingKeys.self)
    startedAt = try session.decodeIfPresent(String.self, forKey: .startedAt)
    lastStep = try session.decodeCountIfPresent(forKey: .lastStep)
    ranks = try session.decodeCountIfPresent(forKey: .ranks)
  }

  private struct File: Decodable { let sessions: [SessionFacts] }

  /// Those of a file, the newest last; none where it cannot be read.
  static func all(in path: String) -> [SessionFacts] {
    guard let bytes = try? RegularFile(path)?.read() else { return [] }
    return (try? JSONDecoder().decode(File.self, from: Data(bytes)).sessions) ?? []
  }
}
