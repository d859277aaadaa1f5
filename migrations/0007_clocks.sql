-- The Lamport clock of each chat: the highest that was sent or seen in it. A chat is named by Keccak-256 of what the
-- frontend calls it; the zero name stands for all chats beyond those that are told apart.
CREATE TABLE clocks (
    chat BLOB PRIMARY KEY CHECK (length(chat) = 32),
    last INTEGER NOT NULL CHECK (last >= 0)
) STRICT, WITHOUT ROWID;
