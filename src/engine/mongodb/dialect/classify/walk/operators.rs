//! Names of operators that only compute, as MongoDB 8 has them. Each takes expressions as its arguments, or a
//! document of named arguments; what has another shape is in `expression`.

/// Operators of expressions.
const EXPRESSIONS: &[&str] = &[
    // Arithmetic.
    "$abs", "$add", "$ceil", "$divide", "$exp", "$floor", "$ln", "$log", "$log10", "$mod", "$multiply", "$pow", "$round",
    "$sqrt", "$subtract", "$trunc", "$sigmoid",
    // Trigonometry.
    "$sin", "$cos", "$tan", "$asin", "$acos", "$atan", "$atan2", "$asinh", "$acosh", "$atanh", "$sinh", "$cosh", "$tanh",
    "$degreesToRadians", "$radiansToDegrees",
    // Bits.
    "$bitAnd", "$bitOr", "$bitXor", "$bitNot",
    // Arrays.
    "$arrayElemAt", "$arrayToObject", "$concatArrays", "$filter", "$first", "$firstN", "$in", "$indexOfArray", "$isArray",
    "$last", "$lastN", "$map", "$maxN", "$minN", "$objectToArray", "$range", "$reduce", "$reverseArray", "$size", "$slice",
    "$sortArray", "$zip",
    // Logic and comparison.
    "$and", "$or", "$not", "$cmp", "$eq", "$gt", "$gte", "$lt", "$lte", "$ne", "$cond", "$ifNull", "$switch",
    // Dates.
    "$dateAdd", "$dateDiff", "$dateFromParts", "$dateFromString", "$dateSubtract", "$dateToParts", "$dateToString",
    "$dateTrunc", "$dayOfMonth", "$dayOfWeek", "$dayOfYear", "$hour", "$isoDayOfWeek", "$isoWeek", "$isoWeekYear",
    "$millisecond", "$minute", "$month", "$second", "$week", "$year", "$tsSecond", "$tsIncrement",
    // Objects.
    "$mergeObjects", "$getField", "$setField", "$unsetField", "$let",
    // Sets.
    "$allElementsTrue", "$anyElementTrue", "$setDifference", "$setEquals", "$setIntersection", "$setIsSubset", "$setUnion",
    // Text.
    "$concat", "$indexOfBytes", "$indexOfCP", "$ltrim", "$rtrim", "$trim", "$replaceOne", "$replaceAll", "$split",
    "$strLenBytes", "$strLenCP", "$strcasecmp", "$substr", "$substrBytes", "$substrCP", "$toLower", "$toUpper",
    // Types.
    "$convert", "$isNumber", "$toBool", "$toDate", "$toDecimal", "$toDouble", "$toInt", "$toLong", "$toObjectId",
    "$toString", "$toUUID", "$toArray", "$toObject", "$type",
    // Numbers over arrays.
    "$avg", "$max", "$min", "$sum", "$stdDevPop", "$stdDevSamp", "$median", "$percentile",
    // Others.
    "$binarySize", "$bsonSize", "$meta", "$rand", "$toHashedIndexKey",
];

/// Operators that make one value of the documents of a group.
const ACCUMULATORS: &[&str] = &[
    "$addToSet", "$avg", "$bottom", "$bottomN", "$concatArrays", "$count", "$first", "$firstN", "$last", "$lastN", "$max",
    "$maxN", "$median", "$mergeObjects", "$min", "$minN", "$percentile", "$push", "$setUnion", "$stdDevPop", "$stdDevSamp",
    "$sum", "$top", "$topN",
];

/// Operators that only a window has.
const WINDOWS: &[&str] = &[
    "$covariancePop", "$covarianceSamp", "$denseRank", "$derivative", "$documentNumber", "$expMovingAvg", "$integral",
    "$linearFill", "$locf", "$minMaxScaler", "$rank", "$shift",
];

pub(super) fn is_expression(name: &str) -> bool {
    EXPRESSIONS.contains(&name)
}

pub(super) fn is_accumulator(name: &str) -> bool {
    ACCUMULATORS.contains(&name)
}

pub(super) fn is_window(name: &str) -> bool {
    WINDOWS.contains(&name)
}
