export default "loaded " + "later";
