import Foundations

extension TrainingMetrics: Decodable {
  private enum CodingKeys: String, CodingKey {
    case step, epoch, loss, objective, budget, bound, density, seconds, timestamp
    case macsShare = "macs_share"
    case latency = "latency_ms"
    case learningRate = "learning_rate"
    case imagesPerSecond = "images_per_s"
    case dataWaitShare = "data_wait_share"
    case communicationShare = "communication_share"
    case imagesSkipped = "images_skipped"
    case embeddingStd = "embedding_std"
    case effectiveRank = "effective_rank"
  }

  /// Reads the object of a line. A number that was not finite stands there as `null` and becomes NaN; what runs did
  /// not always record gets its default.
  public init(from decoder: any Decoder) throws {
    let line = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Double { try line.decode(Double?.self, forKey: key) ?? .nan }
    self.init(
      step: try line.decodeCount(forKey: .step), epoch: try line.decodeCount(forKey: .epoch),
      loss: try number(.loss), objective: try number(.objective), budget: try number(.budget),
      bound: try number(.bound), macsShare: try number(.macsShare),
      latency: try line.decodeIfPresent(Double.self, forKey: .latency),
      density: try line.decode([Double?].self, forKey: .density).map { $0 ?? .nan },
      learningRate: try number(.learningRate), imagesPerSecond: try number(.imagesPerSecond),
      dataWaitShare: try line.decodeIfPresent(Double.self, forKey: .dataWaitShare) ?? 0,
      communicationShare: try line.decodeIfPresent(Double.self, forKey: .communicationShare) ?? 0,
      seconds: try line.decodeIfPresent(Double.self, forKey: .seconds),
      imagesSkipped: try line.decodeCountIfPresent(forKey: .imagesSkipped) ?? 0,
      embeddingStd: try line.decodeIfPresent(Double.self, forKey: .embeddingStd),
      effectiveRank: try line.decodeIfPresent(Double.self, forKey: .effectiveRank),
      timestamp: try line.decodeIfPresent(Double.self, forKey: .timestamp))
  }
}
