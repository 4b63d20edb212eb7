import Foundation
import Foundations

/// The contents of `environment.json`: the sessions that produced a run, the newest last.
public struct SessionHistory: Equatable, Sendable {
  /// As they were written, perhaps by another version of Sluice: they are kept even where it cannot read them.
  private var sessions: [JSONValue] = []

  public init() {}

  /// - Throws: `DecodingError` for what is no such file.
  public init(_ data: Data) throws {
    sessions = try JSONDecoder().decode([String: [JSONValue]].self, from: data)["sessions"] ?? []
  }

  /// The last session that began before `step`; nil if there is none, or none that this version can read.
  public func last(before step: Int) -> Session? {
    Self.before(step, sessions).last.flatMap(Self.session)
  }

  private static func session(_ value: JSONValue) -> Session? {
    guard let data = try? JSONEncoder().encode(value) else { return nil }
    let session = try? DiagnosisJSON.decoder().decode(Session.self, from: data)
    return session.flatMap { $0.ranks > 0 && $0.shards.isCount ? $0 : nil }
  }

  /// Those that this version can read, the newest last.
  public var readable: [Session] {
    sessions.compactMap(Self.session)
  }

  /// Adds a session. Those that began at its step or later produced nothing that it goes on from, and are
  /// forgotten.
  public mutating func append(_ session: Session) throws {
    sessions = Self.before(session.fromStep, sessions) + [session.json]
  }

  public func data() throws -> Data {
    let encoder = DiagnosisJSON.encoder(isPretty: true)
    encoder.keyEncodingStrategy = .useDefaultKeys
    return try encoder.encode(["sessions": sessions]) + Data("\n".utf8)
  }

  private static func before(_ step: Int, _ sessions: [JSONValue]) -> [JSONValue] {
    sessions.filter { session in
      guard case .integer(let begin)? = session["from_step"] else { return true }
      return begin < step
    }
  }
}

extension Session {
  /// The object that stands in `environment.json`.
  public var json: JSONValue { DiagnosisJSON.value(self) }
}
